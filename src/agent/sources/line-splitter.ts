/** Cuts a stream of text into lines that end with \n, \r or \r\n. A line without end is cut, so that memory stays bounded. */

const LONGEST = 1024 * 1024;

/** The splitter; give it the text as it comes. */
export class LineSplitter {
  #rest = '';
  #afterReturn = false;

  /** The lines that `text` completes. */
  push(text: string): string[] {
    if (text === '') return [];
    // A \n right after a \r that ended the last piece belongs to that \r.
    const fresh = this.#afterReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.#afterReturn = text.endsWith('\r');
    // What stands before is not looked at again until its line ends or is too long: it may come byte by byte.
    if (this.#rest.length + fresh.length <= LONGEST && !/[\r\n]/.test(fresh)) {
      this.#rest += fresh;
      return [];
    }
    const lines = (this.#rest + fresh).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? '';
    for (; this.#rest.length > LONGEST; this.#rest = this.#rest.slice(LONGEST))
      lines.push(this.#rest.slice(0, LONGEST));
    return lines;
  }

  /** The last line when it has no end; undefined when there is none. */
  end(): string | undefined {
    const last = this.#rest;
    this.#rest = '';
    return last === '' ? undefined : last;
  }
}
