/**
 * The exec source: one event per line that a command prints. When a channel is full the batch is kept and the pipe is
 * not read, so that the command waits; Flume kills the command and loses the batch.
 */
import type { Readable } from 'node:stream';
import { sleep, type Timer } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { defineComponent } from '../component/component.ts';
import { bool, charset, int, text, type Values } from '../component/fields.ts';
import { Command } from './exec/command.ts';
import { LineSplitter } from './line-splitter.ts';
import { deliver, never, type Source, type SourceContext, type SourceType } from './source.ts';

const fields = {
  command: text({ doc: 'the command', required: true }),
  shell: text({ doc: 'shell that runs it, e.g. /bin/sh -c; without it the command is split at blanks' }),
  restart: bool({ doc: 'run the command again when it exits', default: false }),
  restartThrottle: int({ unit: 'ms', doc: 'ms before it is run again', default: 10_000 }),
  logStdErr: bool({ doc: 'log what the command writes to stderr', default: false }),
  batchSize: int({ unit: 'lines', doc: 'lines per transaction', default: 20, min: 1 }),
  batchTimeout: int({ unit: 'ms', doc: 'ms after which a smaller batch is sent', default: 3000 }),
  charset: charset({ doc: 'character set of the output, and of the bodies, as in Flume', default: 'UTF-8' }),
};

const RETRY = { first: 250, max: 4000 };

class ExecSource implements Source {
  readonly endless: boolean;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #stop = new AbortController();
  #command: Command | undefined;
  #running: Promise<void> = Promise.resolve();
  #pending: PlainEvent[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
    this.endless = values.restart;
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#command?.kill();
    await this.#running;
  }

  async whenEnded(): Promise<void> {
    if (this.endless) await never();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log, clock, name, counters } = this.#context;
    const { restart, restartThrottle, command } = this.#values;
    for (;;) {
      try {
        const code = await this.#runOnce();
        log.info({ command, code }, `source ${name}: command [${command}] exited with ${code}`);
      } catch (error) {
        // The pipe was closed under the reader by stop().
        if (this.#stop.signal.aborted) return;
        counters.EventReadFail++;
        log.error({ command, cause: messageOf(error) }, `source ${name}: command [${command}] failed`);
      }
      if (!restart || this.#stop.signal.aborted) return;
      await sleep(clock, restartThrottle, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
    }
  }

  async #runOnce(): Promise<number | string> {
    const { command, shell } = this.#values;
    const blank = /\s+/;
    const [program = '', ...args] = shell === undefined ? command.split(blank) : [...shell.split(blank), command];
    const running = Command.start(program, args);
    this.#command = running;
    // Only for the log, so that it fails is no news; stop() closes the pipe under it.
    const errors = this.#readErrors(running.stderr).catch(() => {});
    await this.#readLines(running.stdout);
    await errors;
    const code = await running.exited;
    running.release();
    return code;
  }

  async #readLines(stdout: Readable): Promise<void> {
    const decoder = this.#values.charset.decoder('REPLACE');
    const splitter = new LineSplitter();
    try {
      for await (const chunk of stdout as AsyncIterable<Buffer>) {
        for (const line of splitter.push(decoder.write(chunk))) await this.#add(line);
      }
      for (const line of splitter.push(decoder.end())) await this.#add(line);
      const last = splitter.end();
      if (last !== undefined) await this.#add(last);
    } finally {
      await this.#flush();
    }
  }

  async #add(line: string): Promise<void> {
    this.#pending.push({ headers: {}, body: this.#values.charset.encode(line) });
    if (this.#pending.length >= this.#values.batchSize) await this.#flush();
    else if (this.#timer === undefined) {
      this.#timer = this.#context.clock.after(this.#values.batchTimeout, () => {
        this.#timer = undefined;
        void this.#flush();
      });
    }
  }

  /** One batch at a time, in order: a flush by the timer and one by size may meet. */
  #flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length > 0) {
      this.#flushing = this.#flushing.then(async () => {
        if (await deliver(batch, this.#context, RETRY, this.#stop.signal)) return;
        this.#context.log.warn(
          { events: batch.length },
          `source ${this.#context.name}: stopped with ${batch.length} lines that no channel took`,
        );
      });
    }
    return this.#flushing;
  }

  async #readErrors(stderr: Readable): Promise<void> {
    const decoder = this.#values.charset.decoder('REPLACE');
    const splitter = new LineSplitter();
    const { log, name } = this.#context;
    for await (const chunk of stderr as AsyncIterable<Buffer>) {
      for (const line of splitter.push(decoder.write(chunk))) {
        if (this.#values.logStdErr) log.info({ line }, `source ${name}: stderr of the command: ${line}`);
      }
    }
  }
}

/** The exec source. */
export const exec: SourceType = defineComponent({
  type: 'exec',
  aliases: ['org.apache.flume.source.ExecSource'],
  doc: 'one event per line of the output of a command',
  delivery:
    'None against the end of the agent or of the command: what was printed and is in no channel yet is lost. A channel that is full makes the command wait.',
  differences: [
    'When a channel is full the batch is kept and the command waits; Flume kills the command and loses the batch.',
    'The command ends with the agent, however the agent ends.',
  ],
  fields,
  limits: ({ batchSize }) => ({ batch: { property: 'batchSize', events: batchSize } }),
  create: (values, context: SourceContext): Source => new ExecSource(values, context),
});
