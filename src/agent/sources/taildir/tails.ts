/**
 * All files that are tailed. A file is its inode, whatever name it has: looks into the directories find out where each is now. One that
 * no name leads to any more is forgotten after a time only: a file that is moved back, or that a listing in the midst of a rename has
 * missed, is known again then.
 */
import path from 'node:path';
import { Finder, type Look, type Troubles } from './finder.ts';
import type { FileGroup } from './groups.ts';
import type { OpenFiles } from './open-files.ts';
import { type Place, type Position, proofOf, Tail } from './tail.ts';

/** What the tails need. */
export interface TailsParts {
  readonly groups: readonly FileGroup[];
  readonly cachePatternMatching: boolean;
  /** Whether files that have no position at the first look are read from their end. */
  readonly skipToEnd: boolean;
  /** How long a file that no name leads to is remembered, in ms. */
  readonly rememberMs: number;
  readonly files: OpenFiles;
  readonly troubles: Troubles;
}

/** The tailed files. */
export class Tails {
  readonly #parts: TailsParts;
  readonly #finder: Finder;
  readonly #all = new Map<string, Tail>();
  /** Positions of a former run, of files that were not found yet. */
  #stored: Position[] = [];
  #firstLookAt: number | undefined;

  constructor(parts: TailsParts) {
    this.#parts = parts;
    this.#finder = new Finder(parts.groups, parts.cachePatternMatching, parts.troubles);
  }

  /** Takes the positions of a former run. Those of files that are of no group any more do not count. */
  restore(positions: readonly Position[]): void {
    this.#stored = positions.filter(({ file }) => this.#finder.groupOf(file) !== undefined);
  }

  /** What the position file is to hold. */
  positions(): readonly Position[] {
    return [...[...this.#all.values()].map(({ position }) => position), ...this.#stored];
  }

  /**
   * Looks where all files are.
   * @param now by the source's clock, in ms since the epoch
   * @returns those that can be read, each with its state, in the order in which they are to be read; and whether files came or went
   */
  async look(now: number): Promise<{ readonly tails: readonly Tail[]; readonly changed: boolean }> {
    const look = await this.#finder.findMatching((key) => this.#all.get(key)?.name);
    let changed = false;
    for (const place of look.places.values()) changed = this.#meet(place, now) || changed;
    await this.#finder.findStrays(look, this.#all.values(), this.#stored);
    for (const place of look.places.values()) if (place.name !== place.path) this.#meet(place, now);
    const deleted = await this.#missing(look, now);
    changed = this.#forget(look, now) || changed;
    this.#firstLookAt ??= now;
    const tails = [...look.places.keys()].map((key) => this.#all.get(key)).filter((tail) => tail !== undefined);
    return { tails: this.#sorted([...tails, ...deleted]), changed };
  }

  /** @returns whether it is new, or has another name */
  #meet(place: Place, now: number): boolean {
    const before = this.#all.get(place.state.key);
    const tail = before ?? this.#begin(place, now);
    const changed = before === undefined || before.name !== place.name;
    tail.moveTo(place);
    tail.look(place.state, now);
    return changed;
  }

  #begin(place: Place, now: number): Tail {
    const tail = new Tail(place, now);
    const stored = this.#takeStored(place);
    if (stored !== undefined && stored.pos > 0) {
      tail.advance(stored.pos, proofOf(stored.fingerprint, stored.pos, stored.file !== place.path));
    }
    if (stored === undefined && this.#parts.skipToEnd && this.#firstLookAt === undefined) {
      tail.advance(place.state.size, { kind: 'none', newline: false });
    }
    this.#all.set(tail.key, tail);
    return tail;
  }

  /** The position that was stored of a file: inodes of two devices can have the same number, so that the one of its name is better. */
  #takeStored({ name, state }: Place): Position | undefined {
    const own = this.#stored.filter(({ inode }) => inode === state.inode);
    const found = own.find(({ file }) => file === name) ?? own[0];
    if (found !== undefined) this.#stored = this.#stored.filter((one) => one !== found);
    return found;
  }

  /** Files that no name leads to, and that are open: what was written to them is read still. */
  async #missing({ places, listings }: Look, now: number): Promise<Tail[]> {
    const deleted: Tail[] = [];
    for (const tail of this.#all.values()) {
      if (places.has(tail.key)) continue;
      // As long as a directory cannot be listed nobody knows what is in it.
      if (listings.has(path.dirname(tail.name))) tail.goneSince ??= now;
      const state = await this.#parts.files.state(tail).catch(() => undefined);
      if (state === undefined) {
        await this.#parts.files.close(tail);
        continue;
      }
      tail.look(state, now);
      deleted.push(tail);
    }
    return deleted;
  }

  /** @returns whether one was forgotten */
  #forget({ listings }: Look, now: number): boolean {
    const { rememberMs, files } = this.#parts;
    const late = (since: number | undefined): boolean =>
      since !== undefined && since < now && now - since >= rememberMs;
    const before = this.#all.size + this.#stored.length;
    for (const [key, tail] of this.#all) {
      if (late(tail.goneSince) && !files.has(tail)) this.#all.delete(key);
    }
    if (late(this.#firstLookAt)) {
      this.#stored = this.#stored.filter(({ file }) => !listings.has(path.dirname(file)));
    }
    return this.#all.size + this.#stored.length < before;
  }

  /** By their groups, then oldest first, as Flume. */
  #sorted(tails: Tail[]): Tail[] {
    const order = new Map(this.#parts.groups.map((group, i) => [group, i]));
    const groupOf = ({ group }: Tail): number => order.get(group) ?? 0;
    const timeOf = ({ seen }: Tail): bigint => seen?.mtimeNs ?? 0n;
    return tails.sort(
      (a, b) =>
        groupOf(a) - groupOf(b) || Number(timeOf(a) - timeOf(b)) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
  }
}
