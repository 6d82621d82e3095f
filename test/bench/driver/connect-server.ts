/**
 * A stand-in for a Spark Connect server and its executors: it speaks the protocol, takes what plans hold apart, and lets the real code of
 * executors work on the rows, stage by stage, in as many tasks as a cluster of so many cores would have. Nothing of Spark is behind it.
 */
import http2 from 'node:http2';
import { create, type DescMethod, type Message } from '@bufbuild/protobuf';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { Relation } from '../../../src/engine/spark/connect/client.ts';
import { messageOf, SparkConnectService } from '../../../src/engine/spark/connect/messages.ts';
import { END, type Row } from '../../../src/engine/spark/rows.ts';
import { type BuiltJob, StageWorker } from '../../../src/engine/spark/stage-worker.ts';
import { answerOf, takenApart } from '../../kit/spark-plan.ts';

/** What a plan was like. */
export interface SeenPlan {
  /** Of the rows that the driver gave, as Arrow has them. */
  readonly givenBytes: number;
  readonly givenRows: number;
  readonly answerBytes: number;
  readonly answerRows: number;
  readonly tasks: number;
  readonly stages: number;
}

/** What executors have made of a plan. */
interface Worked {
  /** Rows as Arrow has them. */
  readonly data: Uint8Array;
  readonly plan: SeenPlan;
}

/** Splits rows into parts of about the same size; rows of one slot stay together. */
function parted(rows: readonly Row[], parts: number): Row[][] {
  const tasks: Row[][] = Array.from({ length: parts }, () => []);
  const slots = new Map<number, Row[]>();
  for (const row of rows) {
    const of = slots.get(row.slot);
    if (of === undefined) slots.set(row.slot, [row]);
    else of.push(row);
  }
  let i = 0;
  for (const of of slots.values()) tasks[Math.floor((i++ * parts) / slots.size)]?.push(...of);
  return tasks.filter((task) => task.length > 0);
}

/** See the file's head. */
export class ConnectServer {
  readonly #job: BuiltJob;
  readonly #cores: number;
  readonly #onPlan: (plan: SeenPlan) => void;
  readonly #isSame: boolean;
  /** By how many stages the plan had. */
  readonly #answers = new Map<number, Worked>();
  #server: http2.Http2Server | undefined;

  /** @param isSame whether what was worked out for one batch is the answer for all: what the driver does with it is the same */
  constructor(job: BuiltJob, cores: number, isSame: boolean, onPlan: (plan: SeenPlan) => void) {
    this.#job = job;
    this.#cores = cores;
    this.#isSame = isSame;
    this.#onPlan = onPlan;
  }

  /** @returns its port */
  async listen(): Promise<number> {
    const method = (name: string): DescMethod =>
      SparkConnectService.methods.find((each) => each.name === name) as DescMethod;
    const answer = (name: string, of: object): never => create(messageOf(name), of as never) as never;
    const executePlan = (request: Message): AsyncIterable<never> => this.#execute(request, answer);
    const handler = connectNodeAdapter({
      routes: (router) => {
        router.rpc(method('ExecutePlan') as never, executePlan as never);
        router.rpc(
          method('AddArtifacts') as never,
          (async (requests: AsyncIterable<unknown>) => {
            for await (const _ of requests);
            return answer('AddArtifactsResponse', { serverSideSessionId: 'session' });
          }) as never,
        );
        router.rpc(method('ReleaseSession') as never, (async () => answer('ReleaseSessionResponse', {})) as never);
      },
    });
    const server = http2.createServer(handler);
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as { port: number }).port;
  }

  close(): void {
    this.#server?.close();
  }

  async *#execute(request: Message, answer: (name: string, of: object) => never): AsyncGenerator<never> {
    const { plan } = request as unknown as { readonly plan: { readonly opType: { readonly value: Relation } } };
    const { given, givenBytes, stages } = takenApart(plan.opType.value);
    // Where states are changed each answer is another one: it names the files that were written.
    let worked = this.#isSame ? this.#answers.get(stages) : undefined;
    worked ??= await this.#work(given, stages);
    this.#answers.set(stages, worked);
    this.#onPlan({ ...worked.plan, givenBytes });
    const serverSideSessionId = 'session';
    yield answer('ExecutePlanResponse', {
      serverSideSessionId,
      responseType: { case: 'arrowBatch', value: create(messageOf('ArrowBatch'), { data: worked.data } as never) },
    });
    yield answer('ExecutePlanResponse', {
      serverSideSessionId,
      responseType: { case: 'resultComplete', value: create(messageOf('ResultComplete')) },
    });
  }

  async #work(given: ReadonlyMap<number, readonly Row[]>, stages: number): Promise<Worked> {
    let rows: Row[] = [];
    let tasks = 0;
    let givenRows = 0;
    // The stages of the jobs are a chain: each reads what the one before has given, and what the driver gives it beside.
    for (let stage = 0; stage < stages; stage++) {
      const fromDriver = given.get(stage) ?? [];
      givenRows += fromDriver.length;
      rows.push(...fromDriver);
      const next: Row[] = [];
      for (const of of parted(rows, this.#cores)) {
        tasks++;
        await this.#task(of, (row) => next.push(row));
      }
      rows = next;
    }
    const data = answerOf(rows);
    return {
      data,
      plan: { givenBytes: 0, givenRows, answerBytes: data.length, answerRows: rows.length, tasks, stages },
    };
  }

  /** As worker-main.ts: rows of one slot are one partition's. */
  async #task(rows: readonly Row[], write: (row: Row) => void): Promise<void> {
    const worker = new StageWorker(this.#job, write);
    const slots = new Map<number, Row[]>();
    for (const row of rows) {
      const of = slots.get(row.slot);
      if (of === undefined) slots.set(row.slot, [row]);
      else of.push(row);
    }
    const ends = slots.get(END);
    if (ends !== undefined) await worker.take(ends);
    for (const [slot, of] of slots) if (slot !== END) await worker.take(of);
    worker.end({ lines: [], more: 0 });
    worker.close();
  }
}
