/** How a worker thread builds the graph of a test of the kit again. */

import { loadJobModule } from '../load-job.ts';
import type { StreamingContext } from '../streaming-context.ts';
import { type BuildTestJob, buildTestJob, type KitJob } from './kit-graph.ts';
import { type BuildBatches, buildOn } from './run-batches.ts';

/** As JobModule wants it. */
export async function buildKitJob(ssc: StreamingContext, { kind, module, data }: KitJob): Promise<void> {
  const own: unknown = await loadJobModule(module);
  if (kind === 'job') await buildTestJob(ssc, own as BuildTestJob<object>, data, () => {});
  else await buildOn(ssc, own as BuildBatches<unknown, unknown>, data, () => {});
}
