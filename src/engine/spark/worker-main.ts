/**
 * The program that an executor of Spark's runs for each task: rows come by its standard input, ordered by their slots, and go by its standard
 * output. It reads to the end in any case: a program that ends early would be taken for one that is done.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Row } from './rows.ts';
import { type BuiltJob, StageWorker } from './stage-worker.ts';

/** Runs a task. @param build makes the job again, once */
export async function serveTask(build: () => Promise<BuiltJob>): Promise<void> {
  const output = process.stdout;
  // What functions write is no row.
  globalThis.console = new console.Console(process.stderr, process.stderr);
  const waiting: string[] = [];
  const worker = new StageWorker(await build(), ({ data, slot, tag }) => waiting.push(`${slot}\t${tag}\t${data}\n`));
  const flush = async (): Promise<void> => {
    if (waiting.length > 0 && !output.write(waiting.splice(0).join(''))) await once(output, 'drain');
  };
  let rows: Row[] = [];
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    const [slot = '', tag = '', data = ''] = line.split('\t');
    const row = { slot: Number(slot), tag, data };
    if (rows.length > 0 && rows[0]?.slot !== row.slot) {
      await worker.take(rows);
      await flush();
      rows = [];
    }
    rows.push(row);
  }
  if (rows.length > 0) await worker.take(rows);
  worker.end();
  await flush();
}
