/** A job whose web page is open, under a clock that stands still until the next batch. */
import { onTestFinished } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { TelemetryRegistry } from '../../../src/core/telemetry.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { type Beside, Observer } from '../../../src/observe/observer.ts';
import type { Redaction } from '../../../src/observe/redaction.ts';
import { Page } from '../../../src/observe/web/page.ts';
import { type WebOptions, WebServer } from '../../../src/observe/web/server.ts';
import { until } from '../../kit/until.ts';

/** What a rig is made with. */
export interface RigOptions extends Partial<WebOptions> {
  readonly onFailure?: 'retry' | 'stop';
  readonly onPoison?: 'fail' | 'skip';
  readonly deadLetterFile?: string;
  readonly agent?: Beside['agent'];
  readonly run?: Beside['run'];
  readonly tail?: Beside['log'];
  readonly retained?: number;
  readonly redaction?: Redaction;
}

/** A job and its page. */
export class Rig {
  readonly clock = new ManualClock(0);
  readonly ssc: StreamingContext;
  readonly observer: Observer;
  readonly push: (values: readonly number[]) => void;
  #web: WebServer | undefined;
  #pushed = 0;

  private constructor(
    build: (numbers: DStream<number>, ssc: StreamingContext) => void,
    {
      agent,
      retained,
      run,
      tail,
      onFailure = 'retry',
      onPoison = 'fail',
      deadLetterFile = 'unused.jsonl',
      redaction,
    }: RigOptions,
  ) {
    const telemetry = new TelemetryRegistry();
    const { clock } = this;
    this.ssc = new StreamingContext({
      ...{ name: 'job', batchInterval: 1000, clock, telemetry, onFailure, onPoison, deadLetterFile },
      ...{ log: silentLogger, write: () => {}, parallelism: 2 },
    });
    const { push, stream } = this.ssc.valuesStream<number>();
    this.push = (values) => push(values, () => {});
    build(stream, this.ssc);
    const beside = { agent, redaction, retained, run, log: tail };
    this.observer = new Observer(StreamingContext.observe(this.ssc, telemetry), beside);
  }

  static async start(
    build: (numbers: DStream<number>, ssc: StreamingContext) => void,
    options: RigOptions = {},
  ): Promise<Rig> {
    const rig = new Rig(build, options);
    rig.#web = await WebServer.listen(rig.observer, {
      host: '127.0.0.1',
      port: 0,
      tries: 0,
      readyLimitMs: 30_000,
      version: '1.2.3',
      log: silentLogger,
      page: new Page(new Map()),
      ...options,
    });
    await rig.ssc.start();
    onTestFinished(async () => {
      rig.observer.close();
      await rig.#web?.close();
      await rig.ssc.stop({ graceful: false });
    });
    return rig;
  }

  get port(): number {
    return this.#web?.port ?? 0;
  }

  /** Runs a batch of these values to its end. */
  async batch(...values: readonly number[]): Promise<void> {
    this.push(values);
    this.#pushed++;
    this.clock.advance(1000);
    await until(() => this.observer.history.totals.batches >= this.#pushed);
  }

  /** Asks for a path. */
  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init);
  }

  async json(path: string): Promise<unknown> {
    return await (await this.ask(path)).json();
  }
}
