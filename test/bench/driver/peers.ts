/** The process of all that a driver talks to: the stand-in for Spark Connect, and the receivers. It is told what to do by messages of its parent. */

import { inputKind } from '../../../src/api/elsewhere-received.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { graphHash } from '../../../src/engine/spark/graph-hash.ts';
import build from '../jobs/driver.ts';
import { ConnectServer, type SeenPlan } from './connect-server.ts';
import type { Load } from './load.ts';
import { startReceivers } from './receivers.ts';

const load = JSON.parse(process.argv[2] ?? '{}') as Load;
const ssc = new StreamingContext({ batchInterval: 1000, parallelism: load.partitions, log: silentLogger });
build(ssc, { kind: load.kind === 'state' ? 'state' : 'words' });
const { accumulators, graph } = StreamingContext.graphOf(ssc);
let last: SeenPlan | undefined;
const server = new ConnectServer(
  { graph, accumulators, description: graphHash(graph) },
  load.cores,
  load.kind === 'words',
  (plan) => {
    last = plan;
    process.send?.({ type: 'plan', plan });
  },
);
const port = await server.listen();
process.send?.({ type: 'listening', port });
let stop = (): void => {};
process.on('message', async (message: { readonly type: string; readonly port: number }) => {
  if (message.type === 'end') {
    stop();
    process.send?.({ type: 'ended', plan: last });
    process.exit(0);
  }
  const inputs = StreamingContext.inputs(ssc).map(inputKind);
  stop = await startReceivers({
    ...load,
    port: message.port,
    root: load.storage,
    inputs,
    isIdle: load.kind === 'idle',
  });
  process.send?.({ type: 'attached' });
});
