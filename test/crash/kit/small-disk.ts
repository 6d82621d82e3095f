/** A small disk, a tmpfs, that is filled and has room again. Only root may mount: see mounts.ts. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mountSmall, unmount } from '../../kit/mounts.ts';

/** A small disk. */
export class SmallDisk {
  readonly directory: string = mkdtempSync(path.join(tmpdir(), 'streamjob-disk-'));

  private constructor(size: string) {
    mountSmall(this.directory, size);
  }

  /** Fills it; once more, when something has been removed since. */
  fill(): void {
    for (const bytes of [65_536, 4096, 512]) {
      let i = 0;
      while (existsSync(this.#filler(bytes, i))) i++;
      try {
        for (; ; i++) writeFileSync(this.#filler(bytes, i), Buffer.alloc(bytes), { flag: 'wx' });
      } catch {
        // Now it is full.
        rmSync(this.#filler(bytes, i), { force: true });
      }
    }
  }

  free(): void {
    for (const bytes of [65_536, 4096, 512]) {
      for (let i = 0; existsSync(this.#filler(bytes, i)); i++) rmSync(this.#filler(bytes, i));
    }
  }

  /** With one for `work`, and without it afterwards. */
  static async during(size: string, work: (disk: SmallDisk) => Promise<void>): Promise<void> {
    const disk = new SmallDisk(size);
    try {
      await work(disk);
    } finally {
      disk.#remove();
    }
  }

  #remove(): void {
    unmount(this.directory);
    rmSync(this.directory, { recursive: true });
  }

  #filler(bytes: number, i: number): string {
    return path.join(this.directory, `fill-${bytes}-${i}`);
  }
}
