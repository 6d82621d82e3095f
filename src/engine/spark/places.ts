/** Places in the program that runs on executors, as places in the files that it was made of. */
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { userFrame } from '../../core/call-site.ts';
import type { PackedError } from '../crew/messages.ts';

/** What tells where a program's lines come from. */
export class ProgramPlaces {
  readonly #place: RegExp;
  readonly #map: SourceMap;

  /** @param name of the program's file @param map its source map, as JSON; its sources are URLs */
  constructor(name: string, map: string) {
    this.#place = new RegExp(`[^\\s()]*${name.replaceAll('.', '\\.')}:(\\d+):(\\d+)`, 'g');
    this.#map = new SourceMap(JSON.parse(map));
  }

  /** A text in which places of the program are those of its sources. */
  mapped(text: string): string {
    return text.replace(this.#place, (whole, line: string, column: string) => {
      const entry = this.#map.findEntry(Number(line) - 1, Number(column) - 1);
      if (!('originalSource' in entry)) return whole;
      const file = entry.originalSource.startsWith('file:')
        ? fileURLToPath(entry.originalSource)
        : entry.originalSource;
      return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    });
  }

  /**
   * An error of an executor, as it would be here.
   * @param site the operator's, where the error has no line of the user's
   */
  error(packed: PackedError, site: string | undefined): PackedError {
    const stack = packed.stack === undefined ? undefined : this.mapped(packed.stack);
    const cause = packed.cause === undefined ? undefined : this.error(packed.cause, site);
    const place = userFrame(cause?.stack) ?? userFrame(stack) ?? site;
    const where = packed.where?.replace(this.#place, (whole) => place ?? this.mapped(whole));
    return { ...packed, message: this.mapped(packed.message), where, stack, cause };
  }
}
