/**
 * The program that an executor of Spark's runs for its tasks: rows come ordered by their slots, and rows go. It reads to the end in any case: a
 * program that ends early would be taken for one that is done. It is one of three: a task that Spark has started, a worker that is kept from
 * task to task, or who keeps those (keeper.ts).
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { LAST_LINE } from './bridge.ts';
import { keepWorkers, TOKEN_VARIABLE } from './keeper.ts';
import type { Row } from './rows.ts';
import { type BuiltJob, failedRow, StageWorker } from './stage-worker.ts';
import { TaskLog } from './task-log.ts';

const taskLog = new TaskLog();

/** @param build makes the job again, once */
export async function serveTasks(build: () => Promise<BuiltJob>): Promise<void> {
  const [, program = '', role = 'task', executor = ''] = process.argv;
  if (role === 'keep') return keepWorkers(program, Number(executor));
  taskLog.take();
  if (role === 'kept') return serveConnections(build());
  const job = await build().catch((error: unknown) => failedRow(error));
  const lines = linesOf(process.stdin);
  if ('graph' in job) {
    await serveTask(job, lines, process.stdout);
    // What functions have left open (connections to a database) must not hold the task.
    return void process.stdout.end(() => process.exit(0));
  }
  // To the end: who stops in the middle would be started again and again.
  for await (const _ of lines);
  process.stdout.write(rowText(job));
}

/** One connection after the other, each a task; the keeper hands them over. */
function serveConnections(job: Promise<BuiltJob>): void {
  // Whoever has a task is told of it.
  job.catch(() => {});
  const token = process.env[TOKEN_VARIABLE];
  process.on('message', (_: unknown, socket: Socket | undefined) => {
    // Whoever connected is gone already.
    if (socket === undefined) return void process.send?.('idle');
    void serveConnection(job, socket, token).finally(() => process.send?.('idle'));
  });
  // The keeper is gone, and with it whoever would give it work.
  process.on('disconnect', () => process.exit(0));
}

async function serveConnection(building: Promise<BuiltJob>, socket: Socket, token: string | undefined): Promise<void> {
  let isLost = false;
  const closed = once(socket, 'close').catch(() => {});
  socket.on('error', () => {
    isLost = true;
  });
  const lines = linesOf(socket);
  const first = await lines.next();
  if (first.done === true || first.value !== token) return void socket.destroy();
  const job = await building.catch((error: unknown) => {
    socket.end(rowText(failedRow(error)));
    return undefined;
  });
  if (job === undefined) return;
  let isWhole = false;
  const rows = async function* (): AsyncGenerator<string> {
    // By hand: a loop that is left would end the stream, on which the answer goes back.
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      isWhole = next.value === LAST_LINE;
      if (isWhole) return;
      yield next.value;
    }
  };
  // Nobody waits for what is left of a task whose connection is gone.
  await serveTask(job, rows(), socket, () => isWhole && !isLost);
  socket.end();
  await closed;
}

/** Runs a task. @param isWhole asked when no more rows come: whether all have. Default: they have */
async function serveTask(
  job: BuiltJob,
  lines: AsyncIterable<string>,
  output: Writable,
  isWhole: () => boolean = () => true,
): Promise<void> {
  const waiting: string[] = [];
  const worker = new StageWorker(job, (row) => waiting.push(rowText(row)));
  const flush = async (): Promise<void> => {
    if (waiting.length === 0 || output.destroyed) return void waiting.splice(0);
    if (!output.write(waiting.splice(0).join(''))) await Promise.race([once(output, 'drain'), once(output, 'close')]);
  };
  let rows: Row[] = [];
  for await (const line of lines) {
    const row = rowOf(line);
    if (rows.length > 0 && rows[0]?.slot !== row.slot) {
      await worker.take(rows);
      await flush();
      rows = [];
    }
    rows.push(row);
  }
  if (!isWhole()) {
    // Spark does not take what this attempt has made: nor must the next task bring what it has added and written.
    job.accumulators.take();
    taskLog.written();
    return worker.close();
  }
  if (rows.length > 0) await worker.take(rows);
  worker.end(taskLog.written());
  await flush();
  worker.close();
}

function rowText({ data, slot, tag }: Row): string {
  return `${slot}\t${tag}\t${data}\n`;
}

function rowOf(line: string): Row {
  const slotEnd = line.indexOf('\t');
  const tagEnd = line.indexOf('\t', slotEnd + 1);
  return { slot: Number(line.slice(0, slotEnd)), tag: line.slice(slotEnd + 1, tagEnd), data: line.slice(tagEnd + 1) };
}

/** The lines of a stream, each of them ended; rows are of ASCII. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  stream.setEncoding('latin1');
  let rest: string[] = [];
  for await (const chunk of stream as AsyncIterable<string>) {
    let from = 0;
    for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', from)) {
      rest.push(chunk.slice(from, at));
      yield rest.length === 1 ? (rest[0] as string) : rest.join('');
      rest = [];
      from = at + 1;
    }
    if (from < chunk.length) rest.push(chunk.slice(from));
  }
}
