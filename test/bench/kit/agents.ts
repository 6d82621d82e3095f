/** Agents under measurement: ours and real Flume, each of the same flume.conf in a process of its own, and the receiver that both send to. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { flumeJars } from '../../interop/kit/flume-command.ts';
import { repository } from '../../interop/kit/places.ts';
import { Measured } from './process.ts';
import { NotRun, script } from './side.ts';

/** What users give a Flume agent with a file channel; its own start script would give 20 MB, in which it does not run. */
const FLUME_HEAP = '512m';
const PATIENCE_MS = 120_000;
const POLL_MS = 20;

/** Which agent. */
export type Kind = 'streamjob' | 'Flume';

/** How ours is started. */
const OURS: readonly string[] = [process.execPath, path.join(repository, 'dist/cli.js')];

/**
 * Starts an agent a1.
 * @param conf the text of its file @param directory its working directory
 * @param ours how ours is started, without its arguments
 */
export function startAgent(kind: Kind, conf: string, directory: string, ours: readonly string[] = OURS): Measured {
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, 'flume.conf');
  writeFileSync(file, conf);
  const java = ['-cp', flumeJars('lib/*', 'libext/*'), 'org.apache.flume.node.Application'];
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  const [command = '', ...first] = ours;
  return kind === 'streamjob'
    ? new Measured(kind, {
        command,
        args: [...first, 'agent', '-n', 'a1', '-f', file, '--no-reload-conf'],
        cwd: directory,
      })
    : new Measured(kind, {
        command: 'java',
        args: [`-Xmx${FLUME_HEAP}`, log, ...java, '-n', 'a1', '-f', file, '--no-reload-conf'],
        cwd: directory,
      });
}

/** The receiver, and how many events it has. */
export class Receiver {
  readonly process: Measured;
  events = 0;

  constructor(port: number) {
    this.process = new Measured('the receiver', script('peers/receiver.ts', [port]));
    this.process.onLine = (line) => {
      if (line.startsWith('{')) this.events = (JSON.parse(line) as { events: number }).events;
    };
  }

  /** Waits until it has so many. @throws NotRun when one of the two ends, or they do not come */
  async has(events: number, agent: Measured): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.events < events) {
      for (const each of [agent, this.process]) {
        if (each.exit !== undefined)
          throw new NotRun(`${each.name} ended (${each.exit}): ${each.log.slice(-3).join('; ')}`);
      }
      if (performance.now() > deadline)
        throw new NotRun(`${agent.name}: ${this.events} of ${events} events in ${PATIENCE_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
