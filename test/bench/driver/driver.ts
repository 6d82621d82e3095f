/** The process of a driver: the real one, with a clock that is moved when all that belongs to a batch has come. Says what each batch took. */
import { fileURLToPath } from 'node:url';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { oneBatch } from '../../conformance/pipeline.ts';
import { freePort } from '../../kit/ports.ts';
import build from '../jobs/driver.ts';
import { SteppedClock } from './clock.ts';
import type { DriverBatch, Load } from './load.ts';

const load = JSON.parse(process.argv[2] ?? '{}') as Load;
const [master = '', mode = ''] = process.argv.slice(3);
const INTERVAL_MS = 1000;
const WARM_BATCHES = 5;
const IDLE_MS = 20_000;

const isIdle = load.kind === 'idle';
const stepped = new SteppedClock(1_700_000_000_000);
const port = await freePort();
const ssc = new StreamingContext({
  batchInterval: INTERVAL_MS,
  engine: 'spark',
  master,
  storage: load.storage,
  receiversAt: `127.0.0.1:${port}`,
  parallelism: load.partitions,
  clock: isIdle ? systemClock : stepped,
  job: {
    module: fileURLToPath(new URL('../jobs/driver.ts', import.meta.url)),
    data: { kind: isIdle ? 'words' : load.kind },
  },
  log: mode === 'loud' ? undefined : silentLogger,
  onFailure: 'stop',
  write: () => {},
} as never);
build(ssc, { kind: isIdle ? 'words' : load.kind });
await ssc.start();
const begin = process.memoryUsage().rss;
const attached = new Promise<void>((resolve) => process.once('message', () => resolve()));
process.send?.({ type: 'started', port, rssBytes: begin });
await attached;

const expected = load.receivers * load.blocks * load.eventsOfBlock;
const batches: DriverBatch[] = [];
const warm = Math.min(WARM_BATCHES, load.batches);
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
};
let cpu = process.cpuUsage();
const measure = (wallMs: number): void => {
  const { user, system } = process.cpuUsage(cpu);
  cpu = process.cpuUsage();
  const { heapUsed, rss } = process.memoryUsage();
  batches.push({ cpuMs: (user + system) / 1000, wallMs, rssBytes: rss, heapBytes: heapUsed });
};
if (isIdle) {
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS / 4));
  measure(IDLE_MS / 4);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  measure(IDLE_MS);
} else {
  for (let i = 0; i < warm + load.batches; i++) {
    await until(() => ssc.waitingEvents === expected);
    const began = performance.now();
    const failure = await oneBatch(ssc, () => stepped.advance(INTERVAL_MS));
    if (failure !== undefined) throw failure;
    measure(performance.now() - began);
  }
}
const peakBytes = process.resourceUsage().maxRSS * 1024;
process.send?.({ type: 'measured', batches: batches.slice(isIdle ? 1 : warm), peakBytes });
process.on('message', () => process.exit(0));
