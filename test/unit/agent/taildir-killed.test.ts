/** A TAILDIR source loses no line when its agent is killed with -9 while it tails and the files are rotated: it is a process of its own here. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startCli } from '../../kit/cli.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { freePort } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';
import { avroPeer } from './sinks/rig.ts';

/** A program that writes lines and rotates its log every hundred lines. */
class Writer {
  readonly #log: string;
  written = 0;
  #rotated = 0;

  constructor(log: string) {
    this.#log = log;
  }

  write(count: number): void {
    for (let i = 0; i < count; i++) {
      fs.appendFileSync(this.#log, `${this.written++}\n`);
      if (this.written % 100 === 0) fs.renameSync(this.#log, `${this.#log}.${this.#rotated++}`);
    }
  }
}

function confOf(directory: string, log: string, port: number): string {
  const file = path.join(directory, 'flume.conf');
  const lines = [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1',
    'a1.sources.r1.type = TAILDIR',
    'a1.sources.r1.filegroups = g',
    `a1.sources.r1.filegroups.g = ${log}.*`,
    `a1.sources.r1.positionFile = ${directory}/positions.json`,
    'a1.sources.r1.writePosInterval = 20',
    'a1.sources.r1.backoffSleepIncrement = 5',
    'a1.sources.r1.maxBackoffSleep = 5',
    'a1.sources.r1.batchSize = 17',
    'a1.sources.r1.channels = c1',
    'a1.channels.c1.type = file',
    `a1.channels.c1.dataDirs = ${directory}/data`,
    'a1.channels.c1.minimumRequiredSpace = 0',
    'a1.sinks.k1.type = avro',
    'a1.sinks.k1.hostname = 127.0.0.1',
    `a1.sinks.k1.port = ${port}`,
    'a1.sinks.k1.channel = c1',
  ];
  fs.writeFileSync(file, lines.join('\n'));
  return file;
}

it('loses no line over kills', async () => {
  const directory = ownDirectory();
  const log = path.join(directory, 'logs/app.log');
  fs.mkdirSync(path.dirname(log));
  const port = await freePort();
  const conf = confOf(directory, log, port);
  const peer = await avroPeer(100, port);
  onTestFinished(() => peer.close());
  const received = new Set<number>();
  const receive = (): void => {
    for (const { texts, answer } of peer.waiting.splice(0)) {
      for (const text of texts) received.add(Number(text));
      answer('OK');
    }
  };
  const writer = new Writer(log);
  /** An agent that is killed as soon as `enough` holds, which is asked again and again. */
  const agentUntil = async (enough: () => boolean): Promise<void> => {
    const agent = startCli(['agent', '-n', 'a1', '-f', conf]);
    onTestFinished(() => void agent.child.kill('SIGKILL'));
    await until(() => agent.child.exitCode !== null || enough());
    expect(agent.child.exitCode, agent.stderr()).toBeNull();
    agent.child.kill('SIGKILL');
    await agent.ended;
  };
  for (let round = 1; round <= 3; round++) {
    await agentUntil(() => {
      receive();
      if (writer.written - received.size < 200) writer.write(5);
      return received.size >= round * 250;
    });
    // Rotated while no agent runs.
    writer.write(137);
  }
  await agentUntil(() => {
    receive();
    return received.size === writer.written;
  });
  expect([...received].toSorted((a, b) => a - b)).toEqual(Array.from({ length: writer.written }, (_, i) => i));
});
