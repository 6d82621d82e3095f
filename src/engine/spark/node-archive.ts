/**
 * This process's Node as an archive for executors that have none: one program in a tar file (POSIX.1-1988, ustar), gzipped. It runs where the
 * machine is of the same kind as this one.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { fs } from '../../core/machine.ts';

const BLOCK_BYTES = 512;
const SUM_AT = 148;
const SUM_BYTES = 8;
/** Most of the time of the upload is packing; more of it gains little. */
const LEVEL = 1;

/** An archive and what it is called. */
export interface NodeArchive {
  /** Where the program is, below the directory that Spark unpacks the archive into. */
  readonly program: string;
  /** Tells it from those of other versions. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** @param file the program @throws what reading it throws */
export async function nodeArchive(file: string = process.execPath): Promise<NodeArchive> {
  const program = await fs.readFile(file);
  const padding = Buffer.alloc((BLOCK_BYTES - (program.length % BLOCK_BYTES)) % BLOCK_BYTES);
  const tar = Buffer.concat([headerOf('node', program.length), program, padding, Buffer.alloc(2 * BLOCK_BYTES)]);
  const bytes = await promisify(gzip)(tar, { level: LEVEL });
  const name = `node-${createHash('sha256').update(program).digest('hex').slice(0, 16)}`;
  return { program: 'node', name, bytes };
}

function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0);
  // Mode, owner and group, size, time.
  header.write(octal(0o755, 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(0, 11), 100);
  header.write(' '.repeat(SUM_BYTES), SUM_AT);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${octal(sum, 6)} `, SUM_AT);
  return header;
}
