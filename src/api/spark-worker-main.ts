/** What a task on a Spark executor does: it builds the job again, from the program that was shipped, and runs its stage. */
import { silentLogger } from '../core/log.ts';
import { graphHash } from '../engine/spark/graph-hash.ts';
import { serveTask } from '../engine/spark/worker-main.ts';
import type { StreamingContextOptions } from './context-options.ts';
import { buildOf, knowModule } from './load-job.ts';
import { StreamingContext } from './streaming-context.ts';

/** What a program was made of: by whoever ships it. */
export interface ShippedJob {
  /** The default export of the job's module. */
  readonly exported: unknown;
  /** The file that this builds upon, where there is one, and its default export. */
  readonly sourceFile?: string;
  readonly sourceExported: unknown;
  readonly context: unknown;
  readonly data: unknown;
}

/** Runs a task. */
export async function serveSparkTask({
  context,
  data,
  exported,
  sourceExported,
  sourceFile,
}: ShippedJob): Promise<void> {
  if (sourceFile !== undefined) knowModule(sourceFile, sourceExported);
  await serveTask(async () => {
    const ssc = new StreamingContext({
      ...(context as StreamingContextOptions),
      engine: 'inline',
      log: silentLogger,
    } as never);
    await buildOf(exported, 'the job')(ssc, data);
    const { accumulators, graph } = StreamingContext.graphOf(ssc);
    return { graph, accumulators, description: graphHash(graph) };
  });
}
