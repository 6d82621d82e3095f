/**
 * The graph of a job as it is built: its nodes, its outputs, and what follows from how they hang together. The batch time is when a batch
 * was cut. A window has data only at multiples of its slide (grid times): a batch that is cut between two of them gives it none.
 */
import { callSite } from '../core/call-site.ts';
import { StreamjobError } from '../core/errors.ts';
import { isMultipleOf } from '../core/time.ts';
import { sitedAt } from './lineage.ts';
import type { Node, NodeSpec, OperatorMeasure, Output, Past, Remark, StorageLevel } from './node.ts';
import { Accumulators, MaximumAccumulator, NumberAccumulator } from './shared.ts';

/** All nodes and outputs of a job. */
export class Graph {
  /** In ms. */
  readonly batchMs: number;
  readonly nodes: Node<unknown>[] = [];
  readonly outputs: Output[] = [];
  /** How long all data is remembered at least, in ms, so that `slice` finds it. */
  remember = 0;
  /** What streams gave, for `slice`; undefined until the job runs. */
  readonly past: () => Past | undefined;
  /** Those of the job, and those by which operators count what users must hear of. */
  readonly accumulators: Accumulators = new Accumulators();
  /** Functions of outputs that executors have too, in the order of their making, which is the same in each process that builds the job. */
  readonly functions: ((...args: never[]) => unknown)[] = [];
  /** What operators count for the log. */
  readonly remarks: Remark[] = [];
  /** What operators can be watched by. */
  readonly measures: OperatorMeasure[] = [];
  readonly #operators = new Map<string, number>();
  readonly #uids = new Map<string, number>();
  readonly #levels = new Map<Node<unknown>, StorageLevel>();
  readonly #gridded = new Set<Node<unknown>>();
  #frozen: string | undefined;

  /** @param batchMs the batch interval @param past asked whenever somebody reads what streams gave */
  constructor(batchMs: number, past: () => Past | undefined) {
    this.batchMs = batchMs;
    this.past = past;
  }

  /** @throws StreamjobError CONTEXT_STATE once the context has started or stopped */
  add<T>(spec: NodeSpec<T>): Node<T> {
    this.#requireOpen(spec.name);
    const site = callSite();
    const id = this.nodes.length;
    const node: Node<T> = {
      ...spec,
      id,
      site,
      lineage(time, batch) {
        const lineage = spec.lineage(time, batch);
        return lineage && sitedAt(lineage, site, id);
      },
    };
    this.nodes.push(node);
    const gridded = node.windowMs > 0 || node.slideMs !== this.batchMs;
    if (gridded || node.parents.some((parent) => this.#gridded.has(parent))) this.#gridded.add(node);
    return node;
  }

  /** @throws StreamjobError CONTEXT_STATE once the context has started or stopped */
  addOutput<T>(output: Omit<Output<T>, 'id' | 'site'>): void {
    this.#requireOpen(output.kind);
    const numbered: Output<T> = {
      ...output,
      site: callSite(),
      id: this.operatorName(output.kind),
    };
    this.outputs.push(numbered as Output<never> as Output);
  }

  /** Makes a function of outputs one that executors have too. @throws StreamjobError CONTEXT_STATE once the context has started or stopped */
  addFunction(fn: (...args: never[]) => unknown): void {
    this.#requireOpen('onExecutors');
    if (!this.functions.includes(fn)) this.functions.push(fn);
  }

  /**
   * Counts what users must hear of: a line of the log tells of it after each batch that added to it. Stages that run again may count twice.
   * @param text what follows the number
   */
  remark(operator: string, text: string): NumberAccumulator {
    const counter = this.accumulators.register(new NumberAccumulator());
    this.remarks.push({ operator, text, counter });
    return counter;
  }

  /** Counts what operators can be watched by, in whichever thread they run. Stages that run again may count twice. */
  counted(measure: Omit<OperatorMeasure, 'kind' | 'read'>): NumberAccumulator {
    const counter = this.accumulators.register(new NumberAccumulator());
    this.measures.push({ ...measure, kind: 'counter', read: () => counter.sum });
    return counter;
  }

  /** The same for something that only rises; NaN until there is some. */
  risen(measure: Omit<OperatorMeasure, 'kind' | 'read'>): MaximumAccumulator {
    const mark = this.accumulators.register(new MaximumAccumulator());
    this.measures.push({ ...measure, kind: 'gauge', read: () => mark.value ?? Number.NaN });
    return mark;
  }

  /**
   * Names a stateful operator or an output: its kind and how many of the kind there are before it, the same at each start of the same job,
   * and of another version of it that has more or fewer of other kinds.
   */
  operatorName(kind: string): string {
    const count = this.#operators.get(kind) ?? 0;
    this.#operators.set(kind, count + 1);
    return `${kind}-${count}`;
  }

  /** @throws StreamjobError CONFIG_INVALID when another node has this name */
  setUid(node: Node<never> | Node<unknown>, id: string): void {
    this.#requireOpen('uid');
    const holder = this.#uids.get(id);
    if (id === '' || (holder !== undefined && holder !== node.id)) {
      throw new StreamjobError('CONFIG_INVALID', `uid ${JSON.stringify(id)} is empty, or another stream has it`, {
        where: node.name,
        hint: 'give each stream a uid of its own',
      });
    }
    this.#uids.set(id, node.id);
  }

  /**
   * What names a node across restarts: the uid of its stream, or of the stream that a chain without branches makes of it; else
   * what it is and how many of that are before it. Undefined: it remembers nothing, and needs no name.
   * @throws StreamjobError CONFIG_INVALID when two have one name
   */
  identities(): ReadonlyMap<Node<unknown>, string> {
    const uids = new Map<Node<unknown>, string>();
    for (const [uid, id] of this.#uids) {
      const named = this.#rememberingNode(this.nodes[id]);
      if (named !== undefined && !uids.has(named)) uids.set(named, uid);
    }
    const names = new Map<Node<unknown>, string>();
    const windows = { count: 0 };
    for (const node of this.nodes) {
      const standard =
        node.state?.operator ??
        (node.windowMs > 0
          ? `window-${windows.count++}`
          : node.input === undefined
            ? undefined
            : `input-${node.input}`);
      if (standard !== undefined) names.set(node, uids.get(node) ?? standard);
    }
    const holders = new Map<string, Node<unknown>>();
    for (const [node, name] of names) {
      const holder = holders.get(name);
      if (holder !== undefined) {
        throw new StreamjobError('CONFIG_INVALID', `two streams have the name ${name} in the checkpoint`, {
          where: `${holder.name} and ${node.name}`,
          hint: 'the name was given by uid(), and another stream has it by default: choose another uid',
        });
      }
      holders.set(name, node);
    }
    return names;
  }

  /** @throws StreamjobError CONTEXT_STATE once the context has started or stopped */
  setStorageLevel(node: Node<never> | Node<unknown>, level: StorageLevel): void {
    this.#requireOpen('persist');
    this.#levels.set(node as Node<unknown>, level);
  }

  storageLevel(node: Node<never> | Node<unknown>): StorageLevel {
    return this.#levels.get(node as Node<unknown>) ?? 'NONE';
  }

  /**
   * A node that reads a stream which has data in every batch together with one that has some at multiples of its slide only:
   * between two of these it would have the one without the other.
   */
  get mixed(): Node<unknown> | undefined {
    return this.nodes.find(
      ({ parents }) =>
        parents.some((parent) => this.isGridded(parent)) && !parents.every((parent) => this.isGridded(parent)),
    );
  }

  /** Takes no more nodes. @param state why, for the error */
  freeze(state: 'started' | 'stopped'): void {
    this.#frozen = state;
  }

  /** @throws StreamjobError NO_OUTPUT */
  validate(): void {
    if (this.outputs.length > 0) return;
    throw new StreamjobError('NO_OUTPUT', 'no output operations registered, so nothing to execute', {
      hint: 'end a stream with an output such as print() or foreachRDD(...)',
    });
  }

  /** How long the data of `node` is read after its batch, in ms: the longest window upon it. */
  rememberMs(node: Node<unknown>): number {
    return Math.max(
      0,
      this.remember,
      ...this.nodes.filter((child) => child.parents.includes(node)).map((child) => child.windowMs),
    );
  }

  /** Whether windows or slides upon `node` let it have data at multiples of its slide only; otherwise every batch has some. */
  isGridded(node: Node<unknown>): boolean {
    return this.#gridded.has(node);
  }

  /** Whether `node` has data at the time of a batch. */
  isDue(node: Node<unknown>, time: number): boolean {
    return !this.isGridded(node) || isMultipleOf(time, node.slideMs);
  }

  /** Whether the data of `node` is read more than once: by several nodes, by windows, or by an output, which may run again. */
  isKept(node: Node<unknown>): boolean {
    let readers = 0;
    for (const child of this.nodes) for (const parent of child.parents) if (parent === node) readers++;
    return (
      readers > 1 ||
      node.state !== undefined ||
      this.rememberMs(node) > 0 ||
      this.outputs.some((output) => output.node === node)
    );
  }

  /** The node that a uid on `node` is for: itself, or what it is made of by steps that nothing else reads. */
  #rememberingNode(node: Node<unknown> | undefined): Node<unknown> | undefined {
    let at = node;
    while (at !== undefined && at.state === undefined && at.windowMs === 0 && at.input === undefined) {
      const [parent, second]: readonly Node<unknown>[] = at.parents;
      if (parent === undefined || second !== undefined) return undefined;
      if (this.nodes.filter((child) => child.parents.includes(parent)).length > 1) return undefined;
      at = parent;
    }
    return at?.input !== undefined && at !== node ? undefined : at;
  }

  #requireOpen(what: string): void {
    if (this.#frozen === undefined) return;
    throw new StreamjobError('CONTEXT_STATE', `${what} was added after the context had ${this.#frozen}`, {
      hint: 'build the whole graph before start()',
    });
  }
}
