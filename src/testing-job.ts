/** How a worker thread builds the graph of a test of the kit again. */
import { loadJobModule } from './api/load/load-job.ts';
import type { StreamingContext } from './context.ts';
import { type BuildBatches, buildOn } from './testing.ts';
import { type BuildTestJob, buildTestJob, type KitJob } from './testing-graph.ts';

/** As JobModule wants it. */
export default async function build(ssc: StreamingContext, { kind, module, data }: KitJob): Promise<void> {
  const own: unknown = await loadJobModule(module);
  if (kind === 'job') await buildTestJob(ssc, own as BuildTestJob<object>, data, () => {});
  else await buildOn(ssc, own as BuildBatches<unknown, unknown>, data, () => {});
}
