/** What a task on a Spark executor does: it builds the job again, from the program that was shipped, and runs its stage. */
import { pathToFileURL } from 'node:url';
import { workerData } from 'node:worker_threads';
import { silentLogger } from '../core/log.ts';
import { Copies } from '../core/storage/copies.ts';
import { isS3Thread, serveS3 } from '../core/storage/s3/serve.ts';
import { startS3From } from '../core/storage/s3/thread.ts';
import { keepCopies } from '../core/storage/storages.ts';
import { COPIES_SUFFIX } from '../engine/spark/bridge.ts';
import { graphHash } from '../engine/spark/graph-hash.ts';
import { serveTasks } from '../engine/spark/worker-main.ts';
import type { StreamingContextOptions } from './context-options.ts';
import { buildOf, knowModule } from './load-job.ts';
import { StreamingContext } from './streaming-context.ts';

/** What a program was made of: by whoever ships it. */
export interface ShippedJob {
  /** Loads the job. @returns the default export of its module, and of the file that this builds upon, where there is one */
  readonly load: () => Promise<{ readonly exported: unknown; readonly sourceExported: unknown }>;
  readonly sourceFile?: string;
  readonly context: unknown;
  readonly data: unknown;
}

/** Runs tasks; or, in a thread of the same program, talks to S3 for them. */
export async function serveSparkTask({ context, data, load, sourceFile }: ShippedJob): Promise<void> {
  if (isS3Thread(workerData)) {
    // That it wants another Node in the future it has told the driver.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
    return serveS3();
  }
  const [, program = ''] = process.argv;
  startS3From(pathToFileURL(program));
  keepCopies(new Copies(program + COPIES_SUFFIX));
  await serveTasks(async () => {
    const { exported, sourceExported } = await load();
    if (sourceFile !== undefined) knowModule(sourceFile, sourceExported);
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
