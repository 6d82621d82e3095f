/**
 * What the word count's own work costs: the usual load's bodies in memory, decoded, split and counted in a Map, and nothing else. Prints
 * CPU seconds per million events. No program in JavaScript that makes strings of all words can cost less than it.
 */
import { USUAL } from '../kit/load.ts';
import { bodies } from '../load/frames.ts';

const EVENTS = 20_000;
const WARMUP = 50;
const ROUNDS = 100;

const texts = bodies(USUAL, EVENTS);

function count(): number {
  const counts = new Map<string, number>();
  for (const body of texts) {
    for (const word of body.toString().split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts.size;
}

for (let round = 0; round < WARMUP; round++) count();
const before = process.cpuUsage();
for (let round = 0; round < ROUNDS; round++) count();
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${(user + system) / (ROUNDS * EVENTS)}\n`);
