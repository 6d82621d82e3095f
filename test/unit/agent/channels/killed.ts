/** Kills a process that writes into a channel, with -9, again and again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The numbers of the batches, of 10 events each, that one process was told to be in the channel. */
type Told = readonly number[];

/** @returns what each process was told; more may be in the channel, of numbers that no other process uses */
export async function killWriters(directory: string, type: 'file' | 'spillable', rounds = 3): Promise<Told[]> {
  const program = fileURLToPath(new URL('./killed-writer.ts', import.meta.url));
  const told: Told[] = [];
  for (let round = 0; round < rounds; round++) {
    const from = round * 10_000;
    const child = spawn(process.execPath, ['--import', 'tsx', program, directory, String(from), type], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let end = from;
    for await (const line of readline.createInterface({ input: child.stdout })) {
      end = Number(line);
      if (end >= from + 20 + round * 7) child.kill('SIGKILL');
    }
    await exited;
    told.push(Array.from({ length: end - from }, (_, i) => from + i));
  }
  return told;
}

/** How many events of each batch are among `texts`. */
export function eventsOfBatches(texts: readonly string[]): Map<number, number> {
  const batches = new Map<number, number>();
  for (const text of texts) {
    const batch = Number(text.split('/')[0]);
    batches.set(batch, (batches.get(batch) ?? 0) + 1);
  }
  return batches;
}
