/**
 * A real server that speaks S3, with a bucket, behind a door: while the door is shut nobody reaches it, although it has all that it had. (The
 * server has its objects in memory, and would lose them with its process.)
 */
import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { askS3 } from '../../../src/core/storage/s3/thread.ts';
import { BOOT, BOOT_ARGUMENTS, bootData } from '../../../src/core/thread-boot.ts';
import { peersDirectory } from '../../interop/kit/places.ts';
import type { Scene } from '../../interop/kit/stage.ts';
import { freePort, isListening } from '../../kit/ports.ts';
import type { DoorData, ToDoor } from './s3-door.ts';

const BUCKET = 'streamjob';
const DOOR = new URL('s3-door.ts', import.meta.url).href;

/** See the file's head. */
export class S3Server {
  readonly #port: number;
  readonly #door: Worker;

  private constructor(own: number, port: number) {
    this.#port = port;
    // A thread of its own: who reads may wait without a turn of the event loop.
    const workerData: DoorData = { ...bootData(DOOR), port, inner: own };
    this.#door = new Worker(BOOT, { eval: true, workerData, execArgv: [...BOOT_ARGUMENTS] });
  }

  /** Starts one; it ends with the scene. */
  static async start(scene: Scene): Promise<S3Server> {
    const own = await freePort();
    const packages = path.join(peersDirectory, 's3');
    scene.start('s3', {
      // It has a line for each request, which nobody would read while this process waits for the answer.
      command: 'sh',
      args: ['-c', `exec python3 -m moto.server -H 127.0.0.1 -p ${own} >/dev/null 2>&1`],
      env: { PYTHONPATH: packages },
    });
    await scene.until(() => isListening(own), 'S3 listens');
    const server = new S3Server(own, await freePort());
    await fetch(`http://127.0.0.1:${own}/${BUCKET}`, { method: 'PUT' });
    await server.open();
    scene.defer(async () => void (await server.#door.terminate()));
    return server;
  }

  /** What a process needs to reach it, and what executors are to be given of that: they are told by the driver where it is. */
  get env(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${this.#port}`,
      AWS_ACCESS_KEY_ID: 'streamjob',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
  }

  /** A place in it. */
  place(prefix: string): string {
    return `s3://${BUCKET}/${prefix}`;
  }

  /** Opens the door. */
  open(): Promise<void> {
    return this.#tell('open');
  }

  /** Shuts the door, on those who are in it, too. */
  shut(): Promise<void> {
    return this.#tell('shut');
  }

  /** The next requests are told to come more slowly. */
  slowDown(requests: number): Promise<void> {
    return this.#tell(requests);
  }

  /** The keys that begin with a prefix. As all that follows it is asked by this process, which has the server's variables. */
  async keys(prefix: string): Promise<readonly string[]> {
    return await askS3({ type: 'list', bucket: BUCKET, prefix, below: true });
  }

  async read(key: string): Promise<string> {
    const bytes = await askS3({ type: 'get', bucket: BUCKET, key, offset: 0, length: undefined });
    return Buffer.from(bytes).toString();
  }

  async put(key: string, content: string): Promise<void> {
    await askS3({ type: 'put', bucket: BUCKET, key, body: new TextEncoder().encode(content) });
  }

  async remove(...keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await askS3({ type: 'remove', bucket: BUCKET, keys });
  }

  /** Resolves when it is done. */
  async #tell(what: ToDoor): Promise<void> {
    const done = once(this.#door, 'message');
    this.#door.postMessage(what);
    await done;
  }
}
