/**
 * The file system of a simulated disk: what its calls do, at once and without faults. What processes do is seen by all of them at
 * once; it is on the platters after a sync of the file (its bytes) or of the directory (its names), and not before.
 */
import { fileSystemError, type SystemCode } from '../errors.ts';
import { mix } from '../random.ts';
import {
  applyChange,
  applyNameChange,
  Content,
  type DirectoryNode,
  type FileChange,
  type FileNode,
  type Inode,
  type NameChange,
  type SocketNode,
  withEarlier,
} from './node.ts';

/** Where something is looked for: a directory, and the names from there on. */
export interface Place {
  readonly from: DirectoryNode;
  readonly names: readonly string[];
  /** As the caller named it, for errors. */
  readonly path: string;
  /** The other path of a call that has two. */
  readonly dest?: string;
}

/** After so many changes of a file, or of names, the kernel writes the older half of them to the platters by itself. */
const MOST_CHANGES = 512;

/** The file system of one disk. */
export class FileSystem {
  readonly #wallMs: () => number;
  readonly #seed: number;
  readonly #sockets = new WeakMap<object, SocketNode>();
  #inodes = 1;
  #order = 0;
  readonly root: DirectoryNode;
  /** Changes of names that are not on the platters, oldest first. */
  nameChanges: NameChange[] = [];
  /** How much fits, in bytes. */
  capacity: number = Number.POSITIVE_INFINITY;
  /** How much the files have, in bytes. */
  used = 0;

  /** @param wallMs the clock for times of files @param seed gives the order in which directories are listed */
  constructor(wallMs: () => number, seed: number) {
    this.#wallMs = wallMs;
    this.#seed = seed;
    this.root = this.#directory();
  }

  /** How many changes there were: what is younger than a sync is not covered by it. */
  get order(): number {
    return this.#order;
  }

  /** @throws ENOENT, ENOTDIR */
  find(place: Place, syscall: string): Inode {
    let at: Inode = place.from;
    for (const name of place.names) {
      if (at.kind !== 'directory') throw fileSystemError('ENOTDIR', syscall, place.path, place.dest);
      const next: Inode | undefined = at.live.get(name);
      if (next === undefined) throw fileSystemError('ENOENT', syscall, place.path, place.dest);
      at = next;
    }
    return at;
  }

  /** The directory that a name is in, or would be. @throws ENOENT, ENOTDIR, EEXIST for the root */
  parent(place: Place, syscall: string): { directory: DirectoryNode; name: string; node: Inode | undefined } {
    const name = place.names.at(-1);
    if (name === undefined) throw fileSystemError('EEXIST', syscall, place.path, place.dest);
    const directory = this.find({ ...place, names: place.names.slice(0, -1) }, syscall);
    if (directory.kind !== 'directory') throw fileSystemError('ENOTDIR', syscall, place.path, place.dest);
    return { directory, name, node: directory.live.get(name) };
  }

  /** A new file, with a name. @throws ENOSPC when nothing fits any more */
  create(directory: DirectoryNode, name: string, path: string): FileNode {
    if (this.used >= this.capacity) throw fileSystemError('ENOSPC', 'open', path);
    const node: FileNode = {
      ...this.#born(),
      kind: 'file',
      ...{ live: new Content(), durable: new Content(), changes: [], names: 0, opens: 0 },
    };
    this.#name(directory, name, node);
    return node;
  }

  /** A Unix socket, with a name. @throws EADDRINUSE when there is something of that name */
  bind(place: Place, listener: object): SocketNode {
    const { directory, name, node } = this.parent(place, 'listen');
    if (node !== undefined) throw fileSystemError('EADDRINUSE', 'listen', place.path);
    const socket: SocketNode = { ...this.#born(), kind: 'socket', listener };
    this.#name(directory, name, socket);
    this.#sockets.set(listener, socket);
    return socket;
  }

  /** Nobody listens at the socket any more; its names stay. */
  unbind(listener: object): void {
    const socket = this.#sockets.get(listener);
    if (socket !== undefined) socket.listener = undefined;
  }

  /** @returns how many bytes had room: fewer when the disk fills up @throws ENOSPC when not one had */
  write(file: FileNode, offset: number, bytes: Uint8Array): number {
    const growth = Math.max(0, offset + bytes.length - file.live.size);
    const room = Math.max(0, this.capacity - this.used);
    const count = bytes.length - Math.max(0, growth - room);
    if (count <= 0 && bytes.length > 0) throw fileSystemError('ENOSPC', 'write');
    this.#change(file, {
      order: ++this.#order,
      kind: 'write',
      offset,
      bytes: Uint8Array.from(bytes.subarray(0, count)),
    });
    return count;
  }

  truncate(file: FileNode, length: number): void {
    this.#change(file, { order: ++this.#order, kind: 'truncate', length });
  }

  /** Brings to the platters what was changed up to `order`: the bytes of a file, the names of a directory. */
  sync(node: Inode, order: number): void {
    if (node.kind === 'file') this.#writeBack(node, order);
    else if (node.kind === 'directory') this.#syncNames(node, order);
  }

  /** @throws EEXIST */
  makeDirectory(place: Place): void {
    const { directory, name, node } = this.parent(place, 'mkdir');
    if (node !== undefined) throw fileSystemError('EEXIST', 'mkdir', place.path);
    this.#name(directory, name, this.#directory());
  }

  /** @throws ENOENT, EISDIR */
  unlink(place: Place): void {
    const { directory, name, node } = this.parent(place, 'unlink');
    if (node === undefined) throw fileSystemError('ENOENT', 'unlink', place.path);
    if (node.kind === 'directory') throw fileSystemError('EISDIR', 'unlink', place.path);
    this.#unname(directory, name, node);
  }

  /** @throws ENOENT, ENOTDIR, ENOTEMPTY */
  removeDirectory(place: Place): void {
    const { directory, name, node } = this.parent(place, 'rmdir');
    if (node === undefined) throw fileSystemError('ENOENT', 'rmdir', place.path);
    if (node.kind !== 'directory') throw fileSystemError('ENOTDIR', 'rmdir', place.path);
    if (node.live.size > 0) throw fileSystemError('ENOTEMPTY', 'rmdir', place.path);
    this.#unname(directory, name, node);
  }

  /** @throws ENOENT, ENOTDIR, EEXIST, EPERM for a directory */
  link(from: Place, to: Place): void {
    const both = { path: from.path, dest: to.path };
    const node = this.find({ ...from, ...both }, 'link');
    const target = this.parent({ ...to, ...both }, 'link');
    const wrong = target.node !== undefined ? 'EEXIST' : node.kind === 'directory' ? 'EPERM' : undefined;
    if (wrong !== undefined) throw fileSystemError(wrong, 'link', from.path, to.path);
    this.#name(target.directory, target.name, node);
  }

  /** @throws ENOENT, EISDIR, ENOTDIR, ENOTEMPTY, EINVAL for a directory that would come to be in itself */
  rename(from: Place, to: Place): void {
    const both = { path: from.path, dest: to.path };
    const source = this.parent({ ...from, ...both }, 'rename');
    const target = this.parent({ ...to, ...both }, 'rename');
    const { node } = source;
    if (node === undefined) throw fileSystemError('ENOENT', 'rename', from.path, to.path);
    const above = target.node !== undefined && contains(target.node, source.directory) ? 'ENOTEMPTY' : undefined;
    const wrong = contains(node, target.directory) ? 'EINVAL' : (above ?? cannotReplace(node, target.node));
    if (wrong !== undefined) throw fileSystemError(wrong, 'rename', from.path, to.path);
    if (target.node === node) return;
    source.directory.live.delete(source.name);
    target.directory.live.set(target.name, node);
    if (target.node !== undefined) this.#lost(target.node);
    this.#changeNames({ order: ++this.#order, node, from: source, to: target });
  }

  /** Names in a directory, in no order that anybody could rely on. */
  list(directory: DirectoryNode): [string, Inode][] {
    const place = (name: string): number => {
      let hash = this.#seed;
      for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
      return mix(hash);
    };
    return [...directory.live].sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1));
  }

  /** Somebody has closed the file, or died with it open. */
  closed(node: Inode): void {
    if (node.kind !== 'file') return;
    node.opens--;
    this.#free(node);
  }

  #change(file: FileNode, change: FileChange): void {
    const before = file.live.size;
    applyChange(file.live, change);
    if (file.names > 0 || file.opens > 0) this.used += file.live.size - before;
    file.changes.push(change);
    this.#touch(file);
    if (file.changes.length > MOST_CHANGES) this.#writeBack(file, file.changes[MOST_CHANGES / 2]?.order ?? 0);
  }

  #writeBack(file: FileNode, order: number): void {
    const young = file.changes.findIndex((change) => change.order > order);
    for (const change of file.changes.splice(0, young < 0 ? file.changes.length : young))
      applyChange(file.durable, change);
  }

  #syncNames(directory: DirectoryNode, order: number): void {
    const synced = withEarlier(
      this.nameChanges,
      ({ order: own, from, to }) => own <= order && (from?.directory === directory || to?.directory === directory),
    );
    for (const change of synced) applyNameChange(change);
    const gone = new Set(synced);
    this.nameChanges = this.nameChanges.filter((change) => !gone.has(change));
  }

  #name(directory: DirectoryNode, name: string, node: Inode): void {
    directory.live.set(name, node);
    if (node.kind === 'file') node.names++;
    this.#changeNames({ order: ++this.#order, node, to: { directory, name } });
  }

  #unname(directory: DirectoryNode, name: string, node: Inode): void {
    directory.live.delete(name);
    this.#changeNames({ order: ++this.#order, node, from: { directory, name } });
    this.#lost(node);
  }

  #changeNames(change: NameChange): void {
    this.nameChanges.push(change);
    for (const place of [change.from, change.to]) if (place !== undefined) this.#touch(place.directory);
    if (this.nameChanges.length <= MOST_CHANGES) return;
    for (const old of this.nameChanges.splice(0, MOST_CHANGES / 2)) applyNameChange(old);
  }

  /** It has one name less. */
  #lost(node: Inode): void {
    if (node.kind !== 'file') return;
    node.names--;
    this.#free(node);
  }

  #free(file: FileNode): void {
    if (file.names === 0 && file.opens === 0) this.used -= file.live.size;
  }

  #touch(node: Inode): void {
    node.modifiedMs = this.#wallMs();
  }

  #born(): { inode: number; modifiedMs: number; bornMs: number } {
    const now = this.#wallMs();
    return { inode: ++this.#inodes, modifiedMs: now, bornMs: now };
  }

  #directory(): DirectoryNode {
    return { ...this.#born(), kind: 'directory', live: new Map(), durable: new Map() };
  }
}

function contains(node: Inode, directory: DirectoryNode): boolean {
  if (node === directory) return true;
  return node.kind === 'directory' && [...node.live.values()].some((each) => contains(each, directory));
}

/** Why something cannot take the place of something else, if it cannot. */
function cannotReplace(node: Inode, replaced: Inode | undefined): SystemCode | undefined {
  if (replaced === undefined || replaced === node) return undefined;
  if (replaced.kind !== 'directory') return node.kind === 'directory' ? 'ENOTDIR' : undefined;
  if (node.kind !== 'directory') return 'EISDIR';
  return replaced.live.size > 0 ? 'ENOTEMPTY' : undefined;
}
