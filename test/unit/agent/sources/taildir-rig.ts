/** A TAILDIR source on a directory of its own, driven look by look: `lines()` resolves when a look that began after it found nothing new. */
import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { ContractProperties as Properties } from '../../../../src/agent/contracts/contract.ts';
import { taildir } from '../../../../src/agent/sources/taildir.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import type { PlainEvent } from '../../../../src/core/event.ts';
import { realMachine } from '../../../../src/core/machine.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { type Rig, rig } from './rig.ts';

/**
 * The two ways to a file's state, for a machine on which they say something else.
 * @param see makes of a state the one that is told, or throws
 */
export function seeing<T extends fs.Stats | fs.BigIntStats>(
  see: (file: string, stats: T) => T,
): { readonly stat: typeof realMachine.fs.stat; readonly fsSync: typeof realMachine.fsSync } {
  const { stat } = realMachine.fs;
  const { statSync } = realMachine.fsSync;
  const change = (file: unknown, stats: unknown): unknown =>
    stats === undefined ? stats : see(String(file), stats as T);
  return {
    stat: (async (...given: Parameters<typeof stat>) => change(given[0], await stat(...given))) as typeof stat,
    fsSync: {
      ...realMachine.fsSync,
      statSync: ((...given: Parameters<typeof statSync>) => change(given[0], statSync(...given))) as typeof statSync,
    },
  };
}

/** An entry of the position file. */
export interface Entry {
  readonly inode: number;
  readonly pos: number;
  readonly file: string;
}

/** A directory with log files, and a source that can be started on it again and again. */
export class Scene {
  readonly directory = ownDirectory();
  /** Where the position file is. */
  readonly own = ownDirectory();
  readonly clock = new ManualClock(1_000_000);

  path(name: string): string {
    return path.join(this.directory, name);
  }

  get positionFile(): string {
    return path.join(this.own, 'positions.json');
  }

  write(name: string, text: string | Buffer): void {
    fs.writeFileSync(this.path(name), text);
  }

  append(name: string, text: string): void {
    fs.appendFileSync(this.path(name), text);
  }

  rename(from: string, to: string): void {
    fs.renameSync(this.path(from), this.path(to));
  }

  inode(name: string): number {
    return fs.statSync(this.path(name)).ino;
  }

  /** As if the file system had given the inode of one file, which the positions know, to another. */
  giveInode(from: string, to: string): void {
    for (const file of [this.positionFile, `${this.positionFile}.fingerprints`]) {
      const own = `"inode":${this.inode(from)},`;
      const text = fs.readFileSync(file, 'utf8');
      if (!text.includes(own)) throw new Error(`${file} does not know ${from}`);
      fs.writeFileSync(file, text.replaceAll(own, `"inode":${this.inode(to)},`));
    }
  }

  /** What the position file holds; nothing before it is written. */
  positions(): Entry[] {
    if (!fs.existsSync(this.positionFile)) return [];
    return JSON.parse(fs.readFileSync(this.positionFile, 'utf8')) as Entry[];
  }

  /** The position of a file in it. */
  pos(name: string): number | undefined {
    return this.positions().find(({ file }) => file === this.path(name))?.pos;
  }

  /** A source of files whose names begin with `file`, unless the properties say others. */
  async start(properties: Properties = {}, { capacity = 100_000 } = {}): Promise<Tailed> {
    const own = { filegroups: 'g', 'filegroups.g': `${this.directory}/file.*`, positionFile: this.positionFile };
    const made = await rig(taildir, { ...own, ...properties }, { capacity, clock: this.clock });
    const tailed = new Tailed(made);
    onTestFinished(() => made.source.stop());
    await made.source.start();
    return tailed;
  }
}

/** A source that is running. */
export class Tailed {
  readonly rig: Rig;

  constructor(made: Rig) {
    this.rig = made;
  }

  /** The events that came up to now, when there is nothing more to read. */
  async events(): Promise<PlainEvent[]> {
    await this.rig.source.whenEnded();
    const all: PlainEvent[] = [];
    for (let taken = await this.rig.takeAll(); taken.length > 0; taken = await this.rig.takeAll()) all.push(...taken);
    return all;
  }

  /** Their bodies. */
  async lines(): Promise<string[]> {
    return (await this.events()).map(({ body }) => Buffer.from(body).toString());
  }

  stop(): Promise<void> {
    return this.rig.source.stop();
  }
}
