/** Spooling directory sources on a directory of the test's own. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { spooldir } from '../../../../src/agent/sources/spooldir.ts';
import { type Rig, rig } from './rig.ts';

/** Properties of a source. */
export type SpoolProperties = Record<string, string | number | boolean>;

/** A directory that is new for each test, and the sources that were started on it, which end with it. */
export class SpoolDirectory {
  path = '';
  readonly #rigs: Rig[] = [];

  constructor() {
    beforeEach(async () => {
      this.path = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-spool-'));
    });
    afterEach(async () => {
      for (const { source } of this.#rigs.splice(0)) await source.stop();
      await fs.rm(this.path, { recursive: true });
    });
  }

  write(name: string, content: string | Buffer): Promise<void> {
    return fs.writeFile(path.join(this.path, name), content);
  }

  /** Names that are not hidden. */
  async list(): Promise<string[]> {
    return (await fs.readdir(this.path)).filter((name) => !name.startsWith('.')).sort();
  }

  /** Starts a source. @param capacity of its channel */
  async start(properties: SpoolProperties = {}, capacity?: number): Promise<Rig> {
    const own = { spoolDir: this.path, pollDelay: 5, ...properties };
    const made = await rig(spooldir, own, capacity === undefined ? {} : { capacity });
    this.#rigs.push(made);
    await made.source.start();
    return made;
  }

  /** A source that has read all that is there, and was stopped: one that runs on would read what a test writes next. */
  async done(properties: SpoolProperties = {}, capacity?: number): Promise<Rig> {
    const made = await this.start(properties, capacity);
    await made.source.whenEnded();
    await made.source.stop();
    return made;
  }
}
