/**
 * The states of an operator where tasks on other machines change them: this process knows only which version each partition has (version.ts),
 * the committed one and that of the open batch. Without a task it can read and change them itself, in the same files.
 */
import { uuid } from '../../core/machine.ts';
import { bucketOf, type StateForm, type StatePartition, type StateSpecification } from '../../graph/state/form.ts';
import { packChanges, unpackChanges } from '../durable-state.ts';
import {
  type BucketChange,
  changesByBucket,
  type PackedChange,
  PLAIN_STATE,
  type StateStore,
  type StoredEntry,
} from '../store.ts';
import { unitedPartition } from './united-partition.ts';
import type { StateVersion } from './version.ts';
import { bringVersion, forgetVersionFiles } from './version-contents.ts';
import { VersionedPartition } from './versioned-partition.ts';

/** What a task has made of a partition's states. */
export interface ChangedPartition {
  readonly partition: number;
  readonly version: StateVersion;
  /** What it changed, where that is written down. */
  readonly changes: readonly PackedChange[];
}

/** What the open batch has made. */
interface OpenBatch {
  readonly time: number;
  readonly versions: (StateVersion | undefined)[];
  changes: PackedChange[];
  /** Those that this process changes itself. */
  readonly here: Map<number, VersionedPartition>;
}

/** The name of a file of states. @param time of the batch that writes it, in ms since the epoch */
export function versionFileName(time: number, partition: number): string {
  return `${time}-state-${partition}-${uuid()}`;
}

/** The states of an operator where tasks on other machines change them. */
export class VersionedStateStore implements StateStore {
  readonly operator: string;
  readonly form: StateForm;
  readonly #specification: StateSpecification;
  readonly #directory: string;
  readonly #count: number;
  #committed: (StateVersion | undefined)[];
  #open: OpenBatch | undefined;
  #restoring: Map<number, VersionedPartition> | undefined;
  /** Opened for reading; closed when the partition gets another version. */
  readonly #readers = new Map<number, VersionedPartition>();
  /** States that were there before the first batch, and that no checkpoint has yet. */
  #loaded: PackedChange[] = [];
  #lastCommitted: number | undefined;
  #isLost = false;

  /** @param directory of the storage @param count of partitions: as many as the operator's lineages have */
  constructor(specification: StateSpecification, directory: string, count: number) {
    this.operator = specification.operator;
    this.form = specification.form;
    this.#specification = specification;
    this.#directory = directory;
    this.#count = count;
    this.#committed = this.#none();
  }

  get lastCommitted(): number | undefined {
    return this.#lastCommitted;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  get size(): number {
    return this.#indices.reduce(
      (sum, i) => sum + (this.#open?.here.get(i)?.store.size ?? this.#version(i)?.keys ?? 0),
      0,
    );
  }

  /** Which versions there are, that of the open batch where it has made one. */
  get versions(): readonly (StateVersion | undefined)[] {
    return this.#indices.map((i) => this.#version(i));
  }

  /** Which versions a task begins with that changes them: however often it is run, those of before the batch. */
  get committedVersions(): readonly (StateVersion | undefined)[] {
    return this.#committed;
  }

  /** Names of the files that are needed. */
  *files(): Generator<string> {
    for (const version of [...this.#committed, ...(this.#open?.versions ?? [])]) {
      for (const { name } of version?.files ?? []) yield name;
    }
    for (const { writing } of this.#restoring?.values() ?? []) if (writing !== undefined) yield writing;
  }

  /** Its states are going to be read here. @throws StreamjobError FILE_ACCESS */
  async bring(): Promise<void> {
    await Promise.all(this.versions.map((version) => bringVersion(this.#directory, version)));
  }

  /** Tasks have changed states, for the batch of `time`. */
  take(time: number, changed: readonly ChangedPartition[]): void {
    this.begin(time);
    const open = this.#open as OpenBatch;
    for (const { changes, partition, version } of changed) {
      open.versions[partition] = version;
      open.changes.push(...changes);
      this.#forgetReader(partition);
    }
  }

  /** The files of states are gone. */
  lose(): void {
    this.#isLost = true;
  }

  begin(time: number): void {
    this.rollback(time);
    this.#open = { time, versions: this.#none(), changes: [], here: new Map() };
  }

  partition(index: number, count: number): StatePartition<never, never> {
    if (count === this.#count) return this.#partition(index);
    return unitedPartition(index, count, (bucket) => this.#storeOf(bucket % this.#count));
  }

  restrict(): void {}

  load(pairs: readonly (readonly [unknown, unknown])[], time: number): void {
    if (this.#lastCommitted !== undefined || pairs.length === 0) return;
    for (const partition of this.#indices) {
      const ofPartition = pairs.filter(([key]) => bucketOf(key) % this.#count === partition);
      if (ofPartition.length === 0) continue;
      const opened = this.#opened(partition, time);
      try {
        opened.store.load(ofPartition, time);
        this.#committed[partition] = opened.finish();
      } finally {
        opened.close();
      }
    }
    const { codec = PLAIN_STATE } = this.#specification;
    const stored = pairs.map(([key, state]): [unknown, StoredEntry] => [
      key,
      [key, codec.encode(state as never), time],
    ]);
    this.#loaded = [packChanges(changesByBucket(stored), this.operator)];
    this.#lastCommitted = time - 1;
  }

  touchedBy(time: number): boolean {
    return this.#open?.time === time || this.#loaded.length > 0;
  }

  changes(): BucketChange[] {
    return this.packedChanges().flatMap(unpackChanges);
  }

  packedChanges(): PackedChange[] {
    return [...this.#loaded, ...(this.#open?.changes ?? [])];
  }

  bucket(index: number): StoredEntry[] {
    return this.#storeOf(index % this.#count).bucket(index);
  }

  restore(change: BucketChange, whole: boolean, bytes?: number): void {
    this.#restoring ??= new Map();
    const partition = change.bucket % this.#count;
    const opened = this.#restoring.get(partition) ?? this.#opened(partition, 0);
    this.#restoring.set(partition, opened);
    opened.store.restore(change, whole, bytes);
  }

  restored(lastCommitted: number | undefined): void {
    for (const [partition, opened] of this.#restoring ?? []) {
      opened.store.restored(lastCommitted);
      this.#committed[partition] = opened.finish();
      opened.close();
      this.#forgetReader(partition);
    }
    this.#restoring = undefined;
    if (lastCommitted === undefined) this.#committed = this.#none();
    this.#lastCommitted = lastCommitted;
  }

  seal(time: number): void {
    const open = this.#open;
    if (open?.time !== time) return;
    for (const [partition, opened] of open.here) {
      const changes = opened.store.changes();
      opened.store.seal(time);
      opened.store.commit(time);
      open.versions[partition] = opened.finish();
      if (changes.length > 0) open.changes.push(packChanges(changes, this.operator));
      opened.close();
      this.#forgetReader(partition);
    }
    open.here.clear();
  }

  commit(time: number): void {
    const open = this.#open;
    if (open?.time !== time) return;
    this.#committed = this.#indices.map((i) => this.#version(i));
    this.#open = undefined;
    this.#loaded = [];
    this.#lastCommitted = time;
  }

  rollback(_time: number): void {
    for (const opened of this.#open?.here.values() ?? []) opened.close();
    this.#open = undefined;
    this.#forgetReaders();
  }

  async reset(): Promise<void> {
    this.rollback(0);
    forgetVersionFiles();
    for (const opened of this.#restoring?.values() ?? []) opened.close();
    this.#restoring = undefined;
    this.#committed = this.#none();
    this.#loaded = [];
    this.#lastCommitted = undefined;
    this.#isLost = false;
  }

  /** Closes what is open. */
  close(): void {
    this.rollback(0);
  }

  get #indices(): readonly number[] {
    return Array.from({ length: this.#count }, (_, i) => i);
  }

  #none(): undefined[] {
    return this.#indices.map(() => undefined);
  }

  #version(partition: number): StateVersion | undefined {
    return this.#open?.versions[partition] ?? this.#committed[partition];
  }

  #opened(partition: number, time: number): VersionedPartition {
    return new VersionedPartition(this.#specification, {
      directory: this.#directory,
      version: this.#committed[partition],
      lastCommitted: this.#lastCommitted,
      newName: () => versionFileName(time, partition),
    });
  }

  /** For whoever changes it here, in the open batch; or, without one, reads it. */
  #partition(index: number): StatePartition<never, never> {
    const open = this.#open;
    if (open === undefined || open.versions[index] !== undefined)
      return this.#storeOf(index).partition(index, this.#count) as StatePartition<never, never>;
    let opened = open.here.get(index);
    if (opened === undefined) {
      opened = this.#opened(index, open.time);
      opened.store.begin(open.time);
      open.here.set(index, opened);
    }
    return opened.store.partition(index, this.#count) as StatePartition<never, never>;
  }

  #storeOf(partition: number): VersionedPartition['store'] {
    const here = this.#open?.here.get(partition);
    if (here !== undefined) return here.store;
    let reader = this.#readers.get(partition);
    if (reader === undefined) {
      reader = new VersionedPartition(this.#specification, {
        directory: this.#directory,
        version: this.#version(partition),
        lastCommitted: this.#lastCommitted,
        newName: () => versionFileName(0, partition),
      });
      this.#readers.set(partition, reader);
    }
    return reader.store;
  }

  #forgetReader(partition: number): void {
    this.#readers.get(partition)?.close();
    this.#readers.delete(partition);
  }

  #forgetReaders(): void {
    for (const partition of [...this.#readers.keys()]) this.#forgetReader(partition);
  }
}
