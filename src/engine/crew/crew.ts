/**
 * The members of a crew, from start to end, whatever they are: a launcher starts them. Whoever waits for a member that ends is told so;
 * a crew that has lost one is of no more use, since each member has a part of everything.
 */
import { StreamjobError } from '../../core/errors.ts';
import { firstDifference } from './graph-description.ts';
import {
  buildFailed,
  type FromMember,
  type MemberStart,
  type RunReport,
  type ToMember,
  unpackError,
} from './messages.ts';
import type { Launcher, MemberLink, Transport } from './transport.ts';

/** What a crew is made from. */
export interface CrewSettings extends Omit<MemberStart, 'member'> {
  /** What the graph looks like that was built here. */
  readonly graph: readonly string[];
}

/** A question to a member, without its number. */
export type Question = DistributedOmit<Extract<ToMember, { readonly id: number }>, 'id'>;

type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

interface Pending<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** The members of a crew, from start to end, whatever they are. */
export class Crew {
  readonly #launcher: Launcher;
  readonly #transport: Transport;
  readonly #members: MemberLink[] = [];
  readonly #questions = new Map<number, Pending<unknown> & { readonly member: number }>();
  #nextQuestion = 0;
  #run:
    | {
        readonly number: number;
        readonly left: Set<number>;
        readonly reports: RunReport[];
        failure: Error | undefined;
        readonly done: Pending<RunReport[]>;
      }
    | undefined;
  #runs = 0;
  #lost: StreamjobError | undefined;
  #closing = false;
  readonly #ready: Pending<readonly string[]>[] = [];
  /** Members that have built the job. */
  readonly #built = new Set<number>();
  /** Whether a batch has run: what `build` began has shown by then whether it works. */
  #hasRun = false;

  private constructor(launcher: Launcher) {
    this.#launcher = launcher;
    this.#transport = launcher.open();
  }

  /**
   * Starts all members.
   * @param signal ends the start: a member may never come to the end of `build`
   * @throws StreamjobError GRAPH_DIFFERS, WORKER_LOST, USER_FUNCTION (building the job threw in a member); the reason of `signal`
   */
  static async open(launcher: Launcher, settings: CrewSettings, signal: AbortSignal): Promise<Crew> {
    const crew = new Crew(launcher);
    const end = new AbortController();
    try {
      signal.throwIfAborted();
      const { graph, ...start } = settings;
      const started = Array.from({ length: start.members }, (_, member) => crew.#start({ ...start, member }));
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: end.signal });
      });
      const graphs = await Promise.race([Promise.all(started), aborted]);
      for (const [member, theirs] of graphs.entries()) {
        const difference = firstDifference(graph, theirs, `worker ${member}`);
        if (difference !== undefined) throw graphDiffers(difference, launcher);
      }
      crew.#transport.connect();
      return crew;
    } catch (error) {
      await crew.close();
      throw error;
    } finally {
      end.abort();
    }
  }

  get size(): number {
    return this.#members.length;
  }

  /** Why it is of no more use; undefined: it is. */
  get lost(): StreamjobError | undefined {
    return this.#lost;
  }

  send(member: number, message: ToMember): void {
    this.#members[member]?.send(message);
  }

  broadcast(message: ToMember): void {
    for (const member of this.#members) member.send(message);
  }

  /** @throws what the member threw; StreamjobError WORKER_LOST */
  ask(member: number, question: Question): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = this.#nextQuestion++;
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject, member });
      this.send(member, { ...question, id });
    });
  }

  /**
   * Runs a batch on all of them.
   * @param messages for each member
   * @throws what the first member that failed threw, when all have ended; StreamjobError WORKER_LOST
   */
  run(messages: readonly Omit<Extract<ToMember, { type: 'run' }>, 'type' | 'run'>[]): Promise<RunReport[]> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const number = ++this.#runs;
    return new Promise((resolve, reject) => {
      const left = new Set(messages.keys());
      this.#run = { number, left, reports: [], failure: undefined, done: { resolve, reject } };
      for (const [member, message] of messages.entries()) this.send(member, { type: 'run', run: number, ...message });
    });
  }

  /** Ends the run that is under way; it then throws `reason`, without waiting for anybody. */
  abort(reason: Error): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    this.broadcast({ type: 'abort', run: run.number });
    run.done.reject(reason);
  }

  /** Ends the members: each is asked to, and one that does not hear is ended by force. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#members.map((member) => member.end()));
  }

  #start(start: MemberStart): Promise<readonly string[]> {
    const { member } = start;
    const ready = new Promise<readonly string[]>((resolve, reject) => {
      this.#ready[member] = { resolve, reject };
    });
    const link = this.#transport.launch(start, {
      message: (message) => this.#take(member, message),
      lost: (why, cause) => this.#lose(member, why, cause),
    });
    this.#members.push(link);
    return ready;
  }

  #take(member: number, message: FromMember): void {
    switch (message.type) {
      case 'ready':
        this.#built.add(member);
        return this.#ready[member]?.resolve(message.graph);
      case 'unready':
        return this.#ready[member]?.reject(unpackError(message.error));
      case 'answer': {
        const question = this.#questions.get(message.id);
        this.#questions.delete(message.id);
        return question?.resolve(message.value);
      }
      case 'refused': {
        const question = this.#questions.get(message.id);
        this.#questions.delete(message.id);
        return question?.reject(unpackError(message.error));
      }
      case 'ran':
      case 'failed':
        return this.#ended(member, message);
    }
  }

  #ended(member: number, message: Extract<FromMember, { type: 'ran' | 'failed' }>): void {
    const run = this.#run;
    if (run?.number !== message.run) return;
    run.left.delete(member);
    if (message.type === 'ran') run.reports[member] = message.report;
    else if (!message.aborted || run.failure === undefined) {
      // The others wait for pieces that never come.
      if (run.failure === undefined) this.broadcast({ type: 'abort', run: run.number });
      run.failure ??= unpackError(message.error);
    }
    if (run.left.size > 0) return;
    this.#run = undefined;
    this.#hasRun = true;
    if (run.failure === undefined) run.done.resolve(run.reports);
    else run.done.reject(run.failure);
  }

  #lose(member: number, why: string, cause?: unknown): void {
    if (this.#closing || this.#lost !== undefined) return;
    const { buildHint, lostHint, where } = this.#launcher;
    const lost =
      cause !== undefined && !this.#built.has(member)
        ? buildFailed(cause, member, this.#launcher)
        : new StreamjobError('WORKER_LOST', `worker ${member} is gone: ${why}`, {
            where,
            hint: `the batch is run again by new workers; if it comes again, ${this.#hasRun ? lostHint : `${buildHint}; or ${lostHint}`}`,
            cause,
          });
    this.#lost = lost;
    for (const { reject } of this.#ready) reject(lost);
    for (const { reject } of this.#questions.values()) reject(lost);
    this.#questions.clear();
    const run = this.#run;
    this.#run = undefined;
    run?.done.reject(lost);
  }
}

function graphDiffers(difference: string, { where }: Launcher): StreamjobError {
  return new StreamjobError('GRAPH_DIFFERS', `the job builds another graph in a worker: ${difference}`, {
    where,
    hint: 'build must make the same graph each time: let nothing in it depend on the time, on random numbers or on what was done before',
  });
}
