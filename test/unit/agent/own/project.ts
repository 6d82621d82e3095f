/** A user's directory with this package installed, components of the user's own, and a flume.conf that names them. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type CliProcess, startCli } from '../../../kit/cli.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { until } from '../../../kit/until.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

export class Project {
  readonly directory: string = ownDirectory();

  /** @param files by their names */
  constructor(files: Readonly<Record<string, string>>) {
    this.write({ 'package.json': '{ "name": "user", "type": "module" }', ...files });
    mkdirSync(path.join(this.directory, 'node_modules'), { recursive: true });
    symlinkSync(ROOT, path.join(this.directory, 'node_modules/streamjob'));
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), text);
    }
  }

  path(name: string): string {
    return path.join(this.directory, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** The agent a1 of flume.conf, in a process that ends with the test. */
  start(): CliProcess {
    const agent = startCli(['agent', '-n', 'a1', '-f', this.path('flume.conf')]);
    onTestFinished(async () => {
      agent.child.kill('SIGKILL');
      await agent.ended;
    });
    return agent;
  }
}

/** Waits until the process has said so, or has ended. */
export async function said(agent: CliProcess, text: string): Promise<void> {
  await until(() => agent.child.exitCode !== null || agent.stderr().includes(text));
  if (!agent.stderr().includes(text)) throw new Error(`it ended without saying ${text}: ${agent.stderr()}`);
}
