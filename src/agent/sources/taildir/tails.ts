/**
 * All files that are tailed. A file is its inode, whatever name it has: looks into the directories find out where each is now. One that
 * no name leads to any more is forgotten after a time only: a file that is moved back, or that a listing in the midst of a rename has
 * missed, is known again then.
 */
import path from 'node:path';
import type { FileProgress } from '../../../core/agent-inspection.ts';
import { nextTurn } from '../../../core/turn.ts';
import { IN_A_ROW, sameBirth, stillAs } from './directory.ts';
import { Finder, type FinderParts, type Look } from './finder.ts';
import { type Place, type Position, proofOf, Tail } from './tail.ts';

/** What the tails need. */
export interface TailsParts extends FinderParts {
  /** Whether files that have no position at the first look are read from their end. */
  readonly skipToEnd: boolean;
  /** How long a file that no name leads to is remembered, in ms. */
  readonly rememberMs: number;
}

/** What a look has found, for the next one. */
interface Found {
  readonly look: Look;
  /** All that can be read, in the order in which they are to be read. */
  readonly tails: readonly Tail[];
}

/** The tailed files. */
export class Tails {
  readonly #parts: TailsParts;
  readonly #finder: Finder;
  readonly #all = new Map<string, Tail>();
  /** Positions of a former run, of files that were not found yet. */
  #stored = new Map<bigint, Position[]>();
  #firstLookAt: number | undefined;
  /** The last look, if the next one need not begin at nothing: each file is where its name is, and is no link. */
  #plain: Found | undefined;
  #looks = 0;

  constructor(parts: TailsParts) {
    this.#parts = parts;
    this.#finder = new Finder(parts);
  }

  /** Takes the positions of a former run. Those of files that are of no group any more do not count. */
  restore(positions: readonly Position[]): void {
    for (const stored of positions) {
      const position = { ...stored, file: path.resolve(stored.file) };
      if (this.#finder.groupOf(position.file) === undefined) continue;
      this.#stored.set(position.inode, [...(this.#stored.get(position.inode) ?? []), position]);
    }
  }

  /** What the position file is to hold. */
  positions(): readonly Position[] {
    return [...[...this.#all.values()].map(({ position }) => position), ...this.#waiting()];
  }

  /** All files that are known, where they are now, with how far each was delivered. */
  progress(): FileProgress[] {
    return [...this.#all.values()].map(({ path: file, pos: position, seen }) => {
      return { file, position, size: Math.max(position, seen?.size ?? 0) };
    });
  }

  /**
   * Looks where all files are.
   * @param now by the source's clock, in ms since the epoch
   * @returns those that can be read, each with its state, in the order in which they are to be read; and whether files came or went
   */
  async look(now: number): Promise<{ readonly tails: readonly Tail[]; readonly changed: boolean }> {
    const quiet = await this.#lookAgain();
    if (quiet !== undefined) return { tails: quiet, changed: false };
    this.#looks++;
    let changed = await this.#dropForeign();
    const look = await this.#finder.findMatching((key) => this.#all.get(key)?.name);
    for (const place of look.places.values()) changed = this.#meet(place, now) || changed;
    await this.#finder.findStrays(look, this.#all.values(), this.#waiting());
    for (const place of look.places.values()) if (place.name !== place.path) this.#meet(place, now);
    const deleted = await this.#missing(look, now);
    changed = this.#forget(look, now) || changed;
    this.#firstLookAt ??= now;
    const tails = [...look.places.keys()].map((key) => this.#all.get(key)).filter((tail) => tail !== undefined);
    const sorted = this.#sorted([...tails, ...deleted]);
    this.#plain = deleted.length === 0 && this.#isPlain(look) ? { look, tails: sorted } : undefined;
    return { tails: sorted, changed };
  }

  /**
   * The look at files of which none has changed, which is most looks at many files: it asks for their states and does nothing else.
   * @returns those that are open or hold a line that is not whole, as they may have been so for long enough; undefined: something changed
   */
  async #lookAgain(): Promise<readonly Tail[] | undefined> {
    const last = this.#plain;
    if (last === undefined || !(await this.#finder.isAsListed(last.look.listings))) return undefined;
    const open: Tail[] = [];
    for (const [i, tail] of last.tails.entries()) {
      if (i % IN_A_ROW === IN_A_ROW - 1) await nextTurn();
      if (tail.read?.settled !== true || !stillAs(tail.path, tail.read)) return undefined;
      if (tail.held || this.#parts.files.has(tail)) open.push(tail);
    }
    return open;
  }

  #isPlain({ places, listings }: Look): boolean {
    if (this.#stored.size > 0 || this.#all.size !== places.size) return false;
    return [...places.values()].every(
      ({ group, name, path: found, sure }) =>
        sure && name === found && listings.get(group.directory)?.quick.has(path.basename(name)) === true,
    );
  }

  /** @returns whether there was one */
  async #dropForeign(): Promise<boolean> {
    const foreign = [...this.#all.values()].filter(({ isForeign }) => isForeign);
    for (const tail of foreign) {
      await this.#parts.files.close(tail);
      this.#all.delete(tail.key);
    }
    return foreign.length > 0;
  }

  /** @returns whether it is new, or has another name */
  #meet(place: Place, now: number): boolean {
    const before = this.#sameFile(place);
    const tail = before ?? this.#begin(place, now);
    const changed = before === undefined || before.name !== place.name;
    tail.moveTo(place);
    tail.look(place.state, now);
    return changed;
  }

  /** The tail of a file; undefined when it is new, also when it has the inode of a tail whose file is gone. */
  #sameFile({ state }: Place): Tail | undefined {
    const tail = this.#all.get(state.key);
    if (tail === undefined || this.#parts.files.has(tail)) return tail;
    return sameBirth(tail.bornNs, state.bornNs) === false ? undefined : tail;
  }

  #begin(place: Place, now: number): Tail {
    const tail = new Tail(place, this.#looks, now);
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
    const own = this.#stored.get(state.inode) ?? [];
    const fitting = own.filter(({ bornNs }) => sameBirth(bornNs, state.bornNs) !== false);
    const found = fitting.find(({ file }) => file === name) ?? fitting[0];
    if (found === undefined) return undefined;
    if (own.length > 1)
      this.#stored.set(
        state.inode,
        own.filter((one) => one !== found),
      );
    else this.#stored.delete(state.inode);
    return found;
  }

  #waiting(): Position[] {
    return [...this.#stored.values()].flat();
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
    const before = this.#all.size + this.#stored.size;
    for (const [key, tail] of this.#all) {
      if (late(tail.goneSince) && !files.has(tail)) this.#all.delete(key);
    }
    if (late(this.#firstLookAt)) {
      for (const [inode, own] of this.#stored) {
        const left = own.filter(({ file }) => !listings.has(path.dirname(file)));
        if (left.length > 0) this.#stored.set(inode, left);
        else this.#stored.delete(inode);
      }
    }
    return this.#all.size + this.#stored.size < before;
  }

  /** By their groups, then oldest first, as Flume; of those that are as old one that has been known for longer, as it was rotated. */
  #sorted(tails: Tail[]): Tail[] {
    const order = new Map(this.#parts.groups.map((group, i) => [group, i]));
    const groupOf = ({ group }: Tail): number => order.get(group) ?? 0;
    const timeOf = ({ seen }: Tail): bigint => seen?.mtimeNs ?? 0n;
    return tails.sort(
      (a, b) =>
        groupOf(a) - groupOf(b) || Number(timeOf(a) - timeOf(b)) || a.knownAs - b.knownAs || (a.path < b.path ? -1 : 1),
    );
  }
}
