/**
 * The log of a simulated lmdb, and the records that it comes to. A transaction in it is
 *   uint32LE crc32 of all that follows · uint32LE length of all that follows behind it · uint32LE puts · uint32LE removes ·
 *   per put: double key, uint32LE length, the value · per remove: double key
 */
import { crc32 } from 'node:zlib';
import type { NumberedRecord, RecordBatch } from '../../../core/database.ts';

const HEAD_BYTES = 16;

/** The bytes of a transaction: batches one after the other. */
export function encodeTransaction(batches: readonly RecordBatch[]): Buffer {
  return Buffer.concat(batches.map(encodeBatch));
}

function encodeBatch({ puts, removes }: RecordBatch): Buffer {
  const body = puts.reduce((sum, { value }) => sum + 12 + value.length, 8 * removes.length);
  const bytes = Buffer.alloc(HEAD_BYTES + body);
  bytes.writeUInt32LE(8 + body, 4);
  bytes.writeUInt32LE(puts.length, 8);
  let at = bytes.writeUInt32LE(removes.length, 12);
  for (const { key, value } of puts) {
    at = bytes.writeDoubleLE(key, at);
    at = bytes.writeUInt32LE(value.length, at);
    bytes.set(value, at);
    at += value.length;
  }
  for (const key of removes) at = bytes.writeDoubleLE(key, at);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** What all transactions come to; undefined when one is damaged. */
export function decodeLog(log: Buffer): SortedRecords | undefined {
  const records = new SortedRecords();
  for (let at = 0; at < log.length; ) {
    if (log.length - at < HEAD_BYTES) return undefined;
    const end = at + 8 + log.readUInt32LE(at + 4);
    if (end > log.length || log.readUInt32LE(at) !== crc32(log.subarray(at + 4, end))) return undefined;
    records.apply(decodeBatch(log.subarray(at + 8, end)));
    at = end;
  }
  return records;
}

function decodeBatch(bytes: Buffer): RecordBatch {
  let at = 8;
  const number = (): number => {
    at += 8;
    return bytes.readDoubleLE(at - 8);
  };
  const puts = Array.from({ length: bytes.readUInt32LE(0) }, () => {
    const key = number();
    const start = at + 4;
    at = start + bytes.readUInt32LE(at);
    return { key, value: Buffer.from(bytes.subarray(start, at)) };
  });
  return { puts, removes: Array.from({ length: bytes.readUInt32LE(4) }, number) };
}

/** Records by their numbers. */
export class SortedRecords {
  readonly #values = new Map<number, Buffer>();
  /** All numbers, rising. */
  readonly #keys: number[] = [];
  #bytes = 0;

  get count(): number {
    return this.#keys.length;
  }

  /** Of all values. */
  get bytes(): number {
    return this.#bytes;
  }

  lastKey(): number | undefined {
    return this.#keys.at(-1);
  }

  range(start: number, end: number, limit: number): NumberedRecord[] {
    const from = this.#placeOf(start);
    const keys = this.#keys.slice(from, Math.min(from + limit, this.#placeOf(end)));
    return keys.map((key) => ({ key, value: this.#values.get(key) ?? Buffer.alloc(0) }));
  }

  apply({ puts, removes }: RecordBatch): void {
    for (const { key, value } of puts) this.#put(key, value);
    for (const key of removes) this.#remove(key);
  }

  #put(key: number, value: Buffer): void {
    const old = this.#values.get(key);
    if (old === undefined) this.#keys.splice(this.#placeOf(key), 0, key);
    this.#values.set(key, Buffer.from(value));
    this.#bytes += value.length - (old?.length ?? 0);
  }

  #remove(key: number): void {
    const old = this.#values.get(key);
    if (old === undefined) return;
    this.#values.delete(key);
    this.#keys.splice(this.#placeOf(key), 1);
    this.#bytes -= old.length;
  }

  /** The place of the first number that is not below `key`. */
  #placeOf(key: number): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
