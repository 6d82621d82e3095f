/** Finds files: those whose names are of a group, and those that were renamed to a name of none, as rotation does. */
import path from 'node:path';
import { nextTurn } from '../../../core/turn.ts';
import { Directory, type FileState, IN_A_ROW, type Listing, sameBirth, stateAt, stateNow } from './directory.ts';
import type { FileGroup } from './groups.ts';
import type { OpenFiles } from './open-files.ts';
import type { Place, Position, Tail } from './tail.ts';

/** How many files are asked for their state at once. */
const AT_ONCE = 32;

/** Tells what cannot be looked at, or that it can (again). */
export interface Troubles {
  tell(path: string, error: unknown): void;
  fine(path: string): void;
}

/** What a look into the directories has found. */
export interface Look {
  /** By the keys of the files. */
  readonly places: Map<string, Place>;
  /** Of the directories that could be listed, by their paths. */
  readonly listings: ReadonlyMap<string, Listing>;
}

/** A regular file. */
interface Found {
  readonly file: string;
  readonly state: FileState;
}

/** A file that is known and has no name of a group: a tail, or a position of a former run. */
type Wanted = Tail | Position;

/** What a finder needs. */
export interface FinderParts {
  readonly groups: readonly FileGroup[];
  /** Paths of the source's own files, which are never read. */
  readonly own: ReadonlySet<string>;
  /** Whether directories are listed anew only when their time has changed. */
  readonly cachePatternMatching: boolean;
  readonly files: OpenFiles;
  readonly troubles: Troubles;
}

/** Looks into the directories of all groups. */
export class Finder {
  readonly #groups: readonly FileGroup[];
  readonly #own: ReadonlySet<string>;
  readonly #files: OpenFiles;
  readonly #troubles: Troubles;
  readonly #directories: readonly Directory[];
  /** The listing in which a file was looked for in vain last. */
  readonly #searched = new WeakMap<Wanted, Listing>();

  constructor({ groups, own, cachePatternMatching, files, troubles }: FinderParts) {
    this.#groups = groups;
    this.#own = own;
    this.#files = files;
    this.#troubles = troubles;
    const directories = new Set(groups.map(({ directory }) => directory));
    this.#directories = [...directories].map((each) => new Directory(each, cachePatternMatching));
  }

  /** The group that a path belongs to. */
  groupOf(file: string): FileGroup | undefined {
    return this.#groups.find((group) => group.has(file));
  }

  /** Whether the directories have the names that they had then, for sure. */
  async isAsListed(listings: ReadonlyMap<string, Listing>): Promise<boolean> {
    const now = await this.#list();
    return this.#directories.every(({ path: directory }) => {
      const listing = now.get(directory);
      return listing?.settled === true && listing === listings.get(directory);
    });
  }

  /**
   * All files whose names are of a group; the first of several groups counts.
   * @param nameOf the name that a file had at the last look, which it keeps while it has several (links)
   */
  async findMatching(nameOf: (key: string) => string | undefined): Promise<Look> {
    const listings = await this.#list();
    const places = new Map<string, Place>();
    for (const group of this.#groups) {
      const listing = listings.get(group.directory);
      if (listing === undefined) continue;
      for (const { file, state } of await this.#statesOf(group, listing)) {
        const other = places.get(state.key);
        if (other !== undefined && (other.group !== group || nameOf(state.key) !== file)) continue;
        places.set(state.key, { group, name: file, path: file, state, sure: true });
      }
    }
    return { places, listings };
  }

  /** Adds known files that have no name of a group any more, and are in their directory still. */
  async findStrays(look: Look, tails: Iterable<Tail>, stored: readonly Position[]): Promise<void> {
    const missing = [...tails].filter(({ key }) => !look.places.has(key));
    const known = await this.#states(missing.filter(({ isStray }) => isStray).map((tail) => tail.path));
    const states = new Map(known.map(({ file, state }) => [file, state]));
    const wanted: Wanted[] = [...stored];
    for (const tail of missing) {
      const state = tail.isStray ? states.get(tail.path) : undefined;
      if (state?.key === tail.key && this.#mayBe(tail, state)) {
        const { group, name, path: found } = tail;
        look.places.set(tail.key, { group, name, path: found, state, sure: this.#isSame(tail, state) });
      } else wanted.push(tail);
    }
    for (const [directory, listing] of look.listings) {
      const here = wanted.filter((one) => path.dirname(nameOf(one)) === directory && !this.#isSearched(one, listing));
      if (here.length > 0) await this.#search(look, directory, listing, here);
    }
  }

  #isSearched(one: Wanted, listing: Listing): boolean {
    return listing.settled && this.#searched.get(one) === listing;
  }

  async #search(look: Look, directory: string, listing: Listing, wanted: readonly Wanted[]): Promise<void> {
    const paths = listing.names.map((name) => path.join(directory, name));
    const others = paths.filter((file) => this.groupOf(file) === undefined);
    const found = await this.#states(others);
    const byKey = new Map(found.map((each) => [each.state.key, each]));
    const byInode = new Map(found.map((each) => [each.state.inode, each]));
    for (const one of wanted) {
      const same = 'key' in one ? byKey.get(one.key) : byInode.get(one.inode);
      const here = same !== undefined && this.#mayBe(one, same.state) ? same : undefined;
      const group = this.groupOf(nameOf(one));
      if (here === undefined || group === undefined) this.#searched.set(one, listing);
      else {
        const { file, state } = here;
        look.places.set(state.key, { group, name: nameOf(one), path: file, state, sure: this.#isSame(one, state) });
      }
    }
  }

  /** Whether a file that has the inode of another one is that one for sure: it was made at the same time, or is open all the time. */
  #isSame(one: Wanted, { bornNs }: FileState): boolean {
    return ('key' in one && this.#files.has(one)) || sameBirth(one.bornNs, bornNs) === true;
  }

  /** Whether it can be that one: where that is not known the bytes before the position are to prove it, if there are any. */
  #mayBe(one: Wanted, state: FileState): boolean {
    return this.#isSame(one, state) || (one.pos > 0 && sameBirth(one.bornNs, state.bornNs) === undefined);
  }

  async #list(): Promise<Map<string, Listing>> {
    const listings = new Map<string, Listing>();
    for (const directory of this.#directories) {
      try {
        listings.set(directory.path, await directory.list());
        this.#troubles.fine(directory.path);
      } catch (error) {
        this.#troubles.tell(directory.path, error);
      }
    }
    return listings;
  }

  /** The regular files of a group. */
  async #statesOf(group: FileGroup, listing: Listing): Promise<Found[]> {
    const found: Found[] = [];
    const others: string[] = [];
    for (const [i, name] of group.matching(listing).entries()) {
      if (i % IN_A_ROW === IN_A_ROW - 1) await nextTurn();
      const file = path.join(group.directory, name);
      if (this.#own.has(file)) continue;
      const state = listing.quick.has(name) ? this.#stateNow(file) : 'other';
      if (state === 'other') others.push(file);
      else if (state !== undefined) found.push({ file, state });
    }
    return others.length === 0 ? found : [...found, ...(await this.#states(others, this.#troubles))];
  }

  #stateNow(file: string): FileState | undefined {
    try {
      return stateNow(file);
    } catch (error) {
      this.#troubles.tell(file, error);
      return undefined;
    }
  }

  /** The regular files among the paths, in their order. Without `troubles` what cannot be looked at is left out silently. */
  async #states(paths: readonly string[], troubles?: Troubles): Promise<Found[]> {
    const all: Found[] = [];
    for (let at = 0; at < paths.length; at += AT_ONCE) {
      const states = await Promise.all(
        paths.slice(at, at + AT_ONCE).map(async (file) => {
          const state = await stateAt(file).catch((error: unknown) => {
            troubles?.tell(file, error);
            return undefined;
          });
          return { file, state };
        }),
      );
      for (const { file, state } of states) if (state !== undefined) all.push({ file, state });
    }
    return all;
  }
}

function nameOf(one: Wanted): string {
  return 'key' in one ? one.name : one.file;
}
