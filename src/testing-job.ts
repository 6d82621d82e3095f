/** How a worker thread builds the graph of a test of the kit again. */
import type { StreamingContext } from './context.ts';
import { loadJobModule } from './load-job.ts';
import { type BuildBatches, buildOn, type KitJob } from './testing.ts';

/** As JobModule wants it. */
export default async function build(ssc: StreamingContext, { module, data }: KitJob): Promise<void> {
  const own = (await loadJobModule(module)) as unknown as BuildBatches<unknown, unknown>;
  await buildOn(ssc, own, data, () => {});
}
