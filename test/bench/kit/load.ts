/** The load, as a process of its own: our generator, or Flume's RPC client. */
import path from 'node:path';
import { peersDirectory } from '../../interop/kit/places.ts';
import type { LoadOptions } from '../load/generate.ts';
import type { LoadReport } from '../load/report.ts';
import { Measured } from './process.ts';
import { NotRun, script } from './side.ts';

const PATIENCE_MS = 90_000;

/** Events of about 80 bytes: ten words of a thousand. */
export const USUAL: Omit<LoadOptions, 'port'> = {
  connections: 4,
  batch: 1000,
  window: 16,
  rate: 0,
  rampSeconds: 0,
  total: 0,
  vocabulary: 1000,
  wordsPerEvent: 10,
  bodyBytes: 0,
  stamped: false,
};

/** A load that runs. */
export class Load {
  readonly process: Measured;
  #reports: ((report: LoadReport) => void)[] = [];

  private constructor(process: Measured) {
    this.process = process;
    process.onLine = (line) => {
      if (line.startsWith('{')) this.#reports.shift()?.(JSON.parse(line) as LoadReport);
    };
  }

  /** Our generator; it sends as soon as somebody listens on the port. */
  static generator(options: Partial<LoadOptions> & { readonly port: number }): Load {
    return new Load(
      new Measured('the generator', script('load/generate.ts', [JSON.stringify({ ...USUAL, ...options })])),
    );
  }

  /** Flume's RPC client. The port must be listened on. */
  static flumeClient(port: number, connections: number, batch: number): Load {
    const classPath = ['flume/lib/*', 'bench/load'].map((name) => path.join(peersDirectory, name)).join(path.delimiter);
    const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
    const args = ['-Xmx512m', quiet, '-cp', classPath, 'RpcStream', ...[port, connections, batch].map(String)];
    return new Load(new Measured("Flume's RPC client", { command: 'java', args }));
  }

  mark(): void {
    this.process.write('mark');
  }

  report(): Promise<LoadReport> {
    return this.#ask('report');
  }

  /** No more is sent; the report after the last answer. */
  async stop(): Promise<LoadReport> {
    const last = await this.#ask('stop');
    await this.process.ended;
    return last;
  }

  async #ask(what: string): Promise<LoadReport> {
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<LoadReport>((resolve) => this.#reports.push(resolve));
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NotRun(`${this.process.name} does not answer`)), PATIENCE_MS);
    });
    const gone = this.process.ended.then(() => {
      // Its last line may come after it has gone.
      return new Promise<never>((_, reject) =>
        setTimeout(() => reject(new NotRun(`${this.process.name} ended: ${this.process.log.at(-1) ?? ''}`)), 500),
      );
    });
    this.process.write(what);
    try {
      return await Promise.race([answer, late, gone]);
    } finally {
      clearTimeout(timer);
      gone.catch(() => {});
    }
  }
}
