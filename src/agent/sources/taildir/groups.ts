/** File groups: a directory, a pattern of the names of its files, and the headers of their events. */
import path from 'node:path';
import { messageOf } from '../../../core/errors.ts';
import { JavaPattern } from '../../component/pattern/pattern.ts';
import type { Listing } from './directory.ts';

/** A group of files. */
export class FileGroup {
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly #pattern: JavaPattern;
  /** The listing that names were matched of last: matching is done once for each. */
  #matched: { readonly listing: Listing; readonly names: readonly string[] } | undefined;

  /** @throws SyntaxError when the pattern is none */
  constructor(name: string, value: string, headers: Readonly<Record<string, string>>) {
    this.name = name;
    this.directory = path.resolve(path.dirname(value));
    this.headers = headers;
    this.#pattern = new JavaPattern(path.basename(value));
  }

  /** Whether a file of that path is of the group. */
  has(file: string): boolean {
    return path.dirname(file) === this.directory && this.#pattern.matches(path.basename(file));
  }

  /** The names of a listing of its directory that are of the group. */
  matching(listing: Listing): readonly string[] {
    if (this.#matched?.listing !== listing) {
      this.#matched = { listing, names: listing.names.filter((name) => this.#pattern.matches(name)) };
    }
    return this.#matched.names;
  }
}

/** What is wrong with the value of `filegroups.NAME`; undefined: nothing. */
export function problemOfGroup(value: string | undefined): string | undefined {
  const expected = "expected an absolute directory, a / and a regular expression of Java's for the names of files";
  if (value === undefined || value === '') return `is missing, ${expected}`;
  if (!path.isAbsolute(value) || path.basename(value) === '' || value.endsWith('/')) {
    return `is ${JSON.stringify(value)}, ${expected}`;
  }
  try {
    new JavaPattern(path.basename(value));
    return undefined;
  } catch (error) {
    return `is ${JSON.stringify(value)}, ${expected}; ${messageOf(error)}`;
  }
}

/**
 * The groups that are listed, in their order.
 * @param names of `filegroups` @param values of `filegroups.NAME`, checked
 * @param headers the values of `headers.NAME.KEY` by `NAME.KEY`
 */
export function groupsOf(
  names: readonly string[],
  values: ReadonlyMap<string, string>,
  headers: ReadonlyMap<string, string>,
): FileGroup[] {
  return [...new Set(names)].map((name) => {
    const own = [...headers].filter(([key]) => key.startsWith(`${name}.`));
    return new FileGroup(
      name,
      values.get(name) ?? '',
      Object.fromEntries(own.map(([key, value]) => [key.slice(name.length + 1), value])),
    );
  });
}
