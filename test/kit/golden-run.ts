/** Runs example jobs by the command line, as users run them, and reads what they print. */
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type CliProcess, startCli } from './cli.ts';
import { until } from './until.ts';

/** What `--json` prints of a batch. */
interface Line {
  readonly events: number;
  readonly outputs: readonly { readonly elements: unknown[] }[];
}

/** Batch by batch. */
export function linesOf(cli: CliProcess): Line[] {
  const text = cli.stdout();
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** How many events all batches had. */
export const eventsOf = (cli: CliProcess): number => linesOf(cli).reduce((sum, { events }) => sum + events, 0);

/** All that was printed, batch by batch, empty batches left out. */
export const printed = (cli: CliProcess): unknown[][] =>
  linesOf(cli)
    .flatMap(({ outputs }) => outputs.map(({ elements }) => elements))
    .filter((elements) => elements.length > 0);

/** Waits for a condition, but no longer than a command runs. @throws with what it said, when it has ended */
export function whileRuns(cli: CliProcess, condition: () => boolean): Promise<void> {
  return until(() => {
    if (condition()) return true;
    if (cli.child.exitCode !== null)
      throw new Error(`the command has ended with ${cli.child.exitCode}: ${cli.stderr()}`);
    return false;
  });
}

/** A server that sends texts to whoever connects. */
export interface TextServer {
  readonly port: number;
  readonly sockets: readonly net.Socket[];
  close(): void;
}

export async function textServer(): Promise<TextServer> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    sockets,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** What a job with a text server is to do. */
export interface TextRun {
  readonly job: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The lines that go out: each part when the one before has been taken in. */
  readonly parts: readonly (readonly string[])[];
  /** Whether the job may end. */
  readonly enough: (out: unknown[][]) => boolean;
}

/** @returns what it printed */
export async function withText({ enough, env, job, parts }: TextRun, flags: readonly string[]): Promise<unknown[][]> {
  const server = await textServer();
  // A job with state goes on from its checkpoint: here each run is the first.
  const checkpoint = mkdtempSync(path.join(tmpdir(), 'streamjob-test-'));
  // Executors have none of the environment but what is named: a graph depends on what a job is told.
  const told = flags.includes('spark') && env !== undefined ? ['--executor-env', Object.keys(env).join()] : [];
  const cli = startCli(['run', `jobs/${job}.ts`, '--json', '--checkpoint-dir', checkpoint, ...flags, ...told], {
    HOST: '127.0.0.1',
    PORT: String(server.port),
    ...env,
  });
  try {
    await whileRuns(cli, () => server.sockets.length > 0);
    let sent = 0;
    for (const lines of parts) {
      server.sockets[0]?.write(lines.map((line) => `${line}\n`).join(''));
      sent += lines.length;
      await whileRuns(cli, () => eventsOf(cli) >= sent);
    }
    await whileRuns(cli, () => enough(printed(cli)));
    return printed(cli);
  } finally {
    cli.child.kill('SIGINT');
    await cli.ended;
    server.close();
    rmSync(checkpoint, { recursive: true, force: true });
  }
}
