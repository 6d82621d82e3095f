/** What worker threads are told beside what every member of a crew is. */
import type { MessagePort } from 'node:worker_threads';
import type { BuildPlace, MemberStart, ToMember } from '../crew/messages.ts';

/** What a worker thread is started with, as its workerData. */
export interface WorkerStart extends MemberStart {
  /** How it becomes able to run the entry's code: modules whose `register` is called first, for TypeScript sources; and the entry. */
  readonly loaders: readonly string[];
  readonly entry: string;
}

/** To a worker thread. */
export type ToThread =
  | ToMember
  /** The port of another member. */
  | { readonly type: 'peer'; readonly member: number; readonly port: MessagePort }
  /** It is to end, after what it was told before. */
  | { readonly type: 'end' };

/** Where a thread builds the job, and what to do when it cannot although the main thread has. */
export const BUILD_PLACE: BuildPlace = {
  where: "engine 'threads'",
  buildHint:
    "build runs once more in each worker thread: open ports, files and connections in an output (foreachRDD runs in the main thread only), or behind isMainThread of 'node:worker_threads'",
};
