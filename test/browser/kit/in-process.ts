/** A job in the process of the test, with its page as it was built: for what no test could wait for otherwise (a day, a thousand operators). */
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { TelemetryRegistry } from '../../../src/core/telemetry.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { type Beside, Observer } from '../../../src/observe/observer.ts';
import { Page } from '../../../src/observe/web/page.ts';
import { WebServer } from '../../../src/observe/web/server.ts';
import type { Scene } from '../../interop/kit/scene.ts';

const BUILT = new URL('../../../dist/ui/', import.meta.url);

/** What the job is made with. */
export interface InProcessOptions extends Beside {
  readonly build: (numbers: DStream<number>) => void;
  readonly batchInterval?: number;
  readonly cut?: 'interval' | 'eager';
  readonly deadLetterFile?: string;
}

/** A job that runs in this process. */
export interface InProcess {
  readonly url: string;
  readonly observer: Observer;
  readonly push: (values: readonly number[]) => void;
}

/** Starts it; it ends with the scene. */
export async function startInProcess(
  scene: Scene,
  { batchInterval = 200, build, cut = 'interval', deadLetterFile, ...beside }: InProcessOptions,
): Promise<InProcess> {
  const telemetry = new TelemetryRegistry();
  const poison = deadLetterFile === undefined ? {} : ({ onPoison: 'skip', deadLetterFile } as const);
  const ssc = new StreamingContext({
    ...{ name: 'in process', batchInterval, cut, telemetry, log: silentLogger, write: () => {}, ...poison },
  });
  const { push, stream } = ssc.valuesStream<number>();
  build(stream);
  const observer = new Observer(StreamingContext.observe(ssc, telemetry), beside);
  const web = await WebServer.listen(observer, {
    ...{ host: '127.0.0.1', port: 0, tries: 0, readyLimitMs: 30_000, version: '1.2.3', log: silentLogger },
    page: Page.load(BUILT),
  });
  scene.defer(() => web.close());
  scene.defer(() => ssc.stop({ graceful: false }));
  await ssc.start();
  return { url: web.url, observer, push: (values) => push(values, () => {}) };
}
