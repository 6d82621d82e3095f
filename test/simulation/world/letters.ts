/** The dead letters of a simulated job, as its file has them. */
import type { SimDisk } from '../../../src/simulation/machine/disk/disk.ts';

/** The dead letters of a job. */
export class DeadLetters {
  readonly #disk: SimDisk;
  readonly #file: string;
  #bytes = 0;
  #ids = new Set<string>();

  /** @param file whole lines of JSON, and perhaps half a line where a process was killed */
  constructor(disk: SimDisk, file: string) {
    this.#disk = disk;
    this.#file = file;
  }

  /** Whether an event is one, as who reads the file now sees it. */
  has(id: string): boolean {
    return this.all().has(id);
  }

  /** Whether it is one, and a power cut cannot take it away. */
  hasOnDisk(id: string): boolean {
    return this.#isThere && idsIn(this.#disk.durableBytes(this.#file)).has(id);
  }

  /** The ids of all. */
  all(): ReadonlySet<string> {
    const bytes = this.#isThere ? this.#disk.bytes(this.#file) : Buffer.alloc(0);
    if (bytes.length !== this.#bytes) this.#ids = idsIn(bytes);
    this.#bytes = bytes.length;
    return this.#ids;
  }

  get #isThere(): boolean {
    return this.#disk.paths().includes(this.#file);
  }
}

function idsIn(bytes: Buffer): Set<string> {
  const lines = bytes.toString().split('\n');
  return new Set(lines.flatMap((line) => /"(?:id":"|event":")([\w-]+)/.exec(line)?.[1] ?? []));
}
