/** The config filter `external`: a command that writes the value of a key, such as one that asks a store of passwords. */
import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '../../core/errors.ts';
import type { Charset } from '../component/charset/charset.ts';
import { defineComponent } from '../component/component.ts';
import { charset, int, text, type Values } from '../component/fields.ts';
import type { ConfigFilter, ConfigFilterContext, ConfigFilterType, Filtered } from './configfilter.ts';

const fields = {
  command: text({ doc: 'the program and its words, split at blanks; the key is put behind them', required: true }),
  charset: charset({ doc: 'character set of what it writes', default: 'UTF-8' }),
  timeout: int({ unit: 'ms', doc: 'ms after which it is killed', default: 10_000, min: 1 }),
};

/** What it may write at most, in bytes: only the first line counts. */
const MOST_BYTES = 1 << 20;
const HAS_GROUPS = process.platform !== 'win32';

class ExternalFilter implements ConfigFilter {
  readonly #values: Values<typeof fields>;
  readonly #context: ConfigFilterContext;

  constructor(values: Values<typeof fields>, context: ConfigFilterContext) {
    this.#values = values;
    this.#context = context;
  }

  async filter(key: string): Promise<Filtered> {
    const { charset: encoding, timeout } = this.#values;
    let child: ChildProcess;
    try {
      child = this.#start(key);
    } catch (error) {
      // Node refuses words with a zero byte before it asks the system.
      return { missing: `the command cannot be run: ${messageOf(error)}` };
    }
    const ended = outcomeOf(child, encoding);
    let late: (() => void) | undefined;
    const timedOut = new Promise<Filtered>((resolve) => {
      late = () => resolve({ missing: `the command did not end within ${timeout} ms` });
    });
    const timer = this.#context.clock.after(timeout, () => {
      kill(child);
      child.stdout?.destroy();
      late?.();
    });
    try {
      return await Promise.race([ended, timedOut]);
    } finally {
      timer.cancel();
    }
  }

  #start(key: string): ChildProcess {
    const [program = '', ...words] = this.#values.command.split(/\s+/);
    return spawn(program, [...words, key], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: this.#context.env,
      // A group of its own, so that what it has started ends with it.
      detached: HAS_GROUPS,
    });
  }
}

/** Resolves when the command has ended and its output is read. What it wrote is never part of a message: it may be a password. */
function outcomeOf(child: ChildProcess, encoding: Charset): Promise<Filtered> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    if (bytes < MOST_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ missing: `the command cannot be run: ${messageOf(error)}` }));
    child.once('close', (code, signal) => {
      if (code !== 0) return resolve({ missing: `the command ended with ${code ?? signal}` });
      if (bytes === 0) return resolve({ missing: 'the command wrote nothing' });
      const written = encoding.decoder('REPLACE').write(Buffer.concat(chunks));
      resolve({ value: written.split(/\r\n|\n|\r/)[0] ?? '' });
    });
  });
}

function kill(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    process.kill(HAS_GROUPS ? -pid : pid, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}

/** The config filter `external`. */
export const external: ConfigFilterType = defineComponent({
  type: 'external',
  aliases: ['org.apache.flume.configfilter.ExternalProcessConfigFilter'],
  doc: 'the value of a key is the first line that a command writes',
  differences: ['A command that does not end is killed after timeout; Flume waits for ever.'],
  fields,
  create: (values, context: ConfigFilterContext): ConfigFilter => new ExternalFilter(values, context),
});
