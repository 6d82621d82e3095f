/**
 * Files of HDFS by its REST interface, WebHDFS or HttpFS. Each append is a request of its own, after which the name node has closed the
 * file: what is answered is kept, and no lease is left behind.
 * Source: "WebHDFS REST API" of Hadoop 3.4.
 */
import http from 'node:http';
import https from 'node:https';
import { messageOf, StreamjobError } from '../../../core/errors.ts';
import { timeoutSignal } from '../../../core/machine.ts';
import type { Store, StoredFile } from './store.ts';

/** How the name node is asked. */
export interface WebHdfsOptions {
  /** Its address, e.g. `http://namenode:9870`. */
  readonly url: string;
  /** Sent as user.name, where the cluster has no Kerberos; undefined: the cluster's default. */
  readonly user: string | undefined;
  /** On whose behalf. */
  readonly proxyUser: string | undefined;
  /** A delegation token, sent instead of the names. */
  readonly token: string | undefined;
  /** How long a call may take, in ms. */
  readonly callTimeout: number;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

type Query = Readonly<Record<string, string>>;

/** What the name node says is wrong. */
interface RemoteException {
  readonly RemoteException?: { readonly exception?: string; readonly message?: string };
}

class NameNode {
  readonly #options: WebHdfsOptions;

  constructor(options: WebHdfsOptions) {
    this.#options = options;
  }

  /** A call that the name node answers itself. */
  async ask(method: 'GET' | 'PUT' | 'POST', path: string, query: Query): Promise<Answer> {
    return this.#checked(await this.#call(method, this.#address(path, query)), query, path);
  }

  /** A call with data: the name node says which data node takes it. */
  async send(method: 'PUT' | 'POST', path: string, query: Query, data: Buffer): Promise<void> {
    const where = await this.#call(method, this.#address(path, { ...query, noredirect: 'false' }));
    const { location } = this.#checked(where, query, path);
    if (location === undefined)
      throw new StreamjobError('PROTOCOL_ERROR', `${this.#options.url} does not say which data node takes ${path}`, {
        where: this.#options.url,
        hint: 'give the address of a name node with WebHDFS, or of HttpFS',
      });
    this.#checked(await this.#call(method, new URL(location, this.#options.url), data), query, path);
  }

  #address(path: string, query: Query): URL {
    const { proxyUser, token, url, user } = this.#options;
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    const address = new URL(`/webhdfs/v1${encoded}`, url);
    const who: Query =
      token !== undefined
        ? { delegation: token }
        : {
            ...(user === undefined ? {} : { 'user.name': user }),
            ...(proxyUser === undefined ? {} : { doas: proxyUser }),
          };
    for (const [name, value] of Object.entries({ ...query, ...who })) address.searchParams.set(name, value);
    return address;
  }

  async #call(method: string, address: URL, data?: Buffer): Promise<Answer> {
    const { signal, end } = timeoutSignal(this.#options.callTimeout);
    try {
      return await exchange(method, address, data, signal);
    } catch (cause) {
      if (signal.aborted)
        throw new StreamjobError(
          'REQUEST_TIMEOUT',
          `${address.host} did not answer within ${this.#options.callTimeout} ms`,
          { where: address.host, hint: 'raise hdfs.callTimeout, or see why HDFS is slow', cause },
        );
      throw new StreamjobError('CONNECT_FAILED', `no answer from ${address.host}: ${messageOf(cause)}`, {
        where: address.host,
        hint: 'see that the address is that of WebHDFS (port 9870 of the name node, 9864 of data nodes) and can be reached from here',
        cause,
      });
    } finally {
      end();
    }
  }

  #checked(answer: Answer, query: Query, path: string): Answer {
    if (answer.status < 400) return answer;
    throw new StreamjobError(
      'FILE_ACCESS',
      `${query['op']} of ${path} was answered ${answer.status}: ${said(answer.text)}`,
      {
        where: `${this.#options.url}${path}`,
        hint: 'see whether the user may write there, and whether HDFS has room and is not in safe mode',
      },
    );
  }
}

/**
 * One request and its answer, on a connection of its own: data nodes end theirs behind each answer, and answer some requests with
 * "100 Continue" first, which fetch takes for an error.
 */
function exchange(method: string, address: URL, data: Buffer | undefined, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': data?.length ?? 0 };
    const { request: call } = address.protocol === 'https:' ? https : http;
    const request = call(address, { method, headers, agent: false, signal });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.once('close', () => reject(new Error('the connection ended before the answer')));
    request.end(data);
  });
}

function said(text: string): string {
  try {
    const { RemoteException: remote } = JSON.parse(text) as RemoteException;
    if (remote?.message !== undefined) return `${remote.exception ?? 'error'}: ${remote.message.split('\n')[0]}`;
  } catch {
    // A server that is not HDFS answers with a page.
  }
  return text.slice(0, 200);
}

class HdfsFile implements StoredFile {
  readonly #node: NameNode;
  readonly #path: string;
  #length = 0;
  #isThere = false;
  #broken = false;

  constructor(node: NameNode, path: string) {
    this.#node = node;
    this.#path = path;
  }

  get length(): number {
    return this.#length;
  }

  get broken(): boolean {
    return this.#broken;
  }

  async append(bytes: Buffer): Promise<void> {
    try {
      if (this.#isThere) await this.#node.send('POST', this.#path, { op: 'APPEND' }, bytes);
      else await this.#node.send('PUT', this.#path, { op: 'CREATE', overwrite: 'false' }, bytes);
    } catch (error) {
      // An answer may be lost, and the data kept: the length tells.
      if (!(await this.#isKept(this.#length + bytes.length))) throw error;
    }
    this.#isThere = true;
    this.#length += bytes.length;
  }

  /** Whether the file has so many bytes. One that has neither these nor the ones before is broken. */
  async #isKept(expected: number): Promise<boolean> {
    this.#broken = true;
    const length = await this.#lengthThere().catch(() => undefined);
    if (length === expected) {
      this.#broken = false;
      return true;
    }
    if (length === (this.#isThere ? this.#length : 'none')) this.#broken = false;
    return false;
  }

  async #lengthThere(): Promise<number | 'none'> {
    try {
      const { text } = await this.#node.ask('GET', this.#path, { op: 'GETFILESTATUS' });
      return (JSON.parse(text) as { FileStatus: { length: number } }).FileStatus.length;
    } catch (error) {
      if (error instanceof StreamjobError && /was answered 404/.test(error.message)) return 'none';
      throw error;
    }
  }

  async finish(target: string): Promise<void> {
    if (!this.#isThere) return;
    const { text } = await this.#node.ask('PUT', this.#path, { op: 'RENAME', destination: target });
    if ((JSON.parse(text) as { boolean?: boolean }).boolean === true) return;
    // The answer to an earlier attempt may have been lost.
    if ((await this.#lengthThere()) === 'none') return;
    throw new StreamjobError('FILE_EXISTS', `${this.#path} cannot be renamed to ${target}: it is there already`, {
      where: target,
      hint: 'the events are in the file with the name of one in use; rename it by hand, or remove the other one',
    });
  }

  async abandon(): Promise<void> {}
}

/** Files of a cluster. */
export function webHdfsStore(options: WebHdfsOptions): Store {
  const node = new NameNode(options);
  return { create: async (path) => new HdfsFile(node, path) };
}
