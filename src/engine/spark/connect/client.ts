/** A session of a Spark Connect server: plans are run, files are brought to the executors. */

import { crc32 } from 'node:zlib';
import {
  create,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodStreaming,
  type DescMethodUnary,
  type Message,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { StreamjobError, messageOf as textOf } from '../../../core/errors.ts';
import { after, monotonicMs, uuid } from '../../../core/machine.ts';
import { messageOf, SparkConnectService } from './messages.ts';

/** A relation of a plan, as the protocol has it. */
export interface Relation {
  readonly relType: { readonly case: string; readonly value: unknown };
}

/** SQL text. */
export function sql(query: string): Relation {
  return { relType: { case: 'sql', value: { query } } };
}

/** Rows that the client has, in Arrow's IPC format. @param schema as DDL: `k INT, v STRING` */
export function localRelation(data: Uint8Array, schema: string): Relation {
  return { relType: { case: 'localRelation', value: { data, schema } } };
}

/** A relation with others that its SQL names. */
export function withRelations(root: Relation, references: Readonly<Record<string, Relation>>): Relation {
  const named = Object.entries(references).map(([alias, input]) => ({
    relType: { case: 'subqueryAlias', value: { input, alias } },
  }));
  return { relType: { case: 'withRelations', value: { root, references: named } } };
}

const CHUNK_BYTES = 32 * 1024;
const CLIENT = 'streamjob';
const STANDARD_PORT = 15_002;
/** So long may it take to bring a file to the server. */
const LONGEST_SHIPPING_MS = 10 * 60_000;

/** When a server that is silent is asked whether it lives, in ms. */
export interface Patience {
  /** Without a word of it about a plan. Default: 10 s. */
  readonly silenceMs: number;
  /** So long has it to answer; who does not answer twice is taken for lost. Default: 20 s. */
  readonly answerMs: number;
}
const PATIENCE: Patience = { silenceMs: 10_000, answerMs: 20_000 };

/** A session. */
export class SparkSession {
  readonly #transport: Transport;
  readonly #patience: Patience;
  readonly #address: string;
  readonly #sessionId = uuid();
  #serverSide: string | undefined;

  /** @param url `sc://HOST:PORT`, as Spark has it @throws StreamjobError CONFIG_INVALID */
  constructor(url: string, patience: Patience = PATIENCE) {
    this.#patience = patience;
    const [, host, port = String(STANDARD_PORT), more = ''] =
      /^sc:\/\/(\[[^\]]+\]|[^/:;]+)(?::(\d{1,5}))?(\/.*)?$/.exec(url) ?? [];
    if (host === undefined) {
      throw new StreamjobError('CONFIG_INVALID', `master is no address of a Spark Connect server: ${url}`, {
        where: 'master',
        hint: 'expected sc://HOST:15002',
      });
    }
    const isTls = /;use_ssl=true\b/i.test(more);
    this.#address = `${host}:${port}`;
    this.#transport = createGrpcTransport({ baseUrl: `${isTls ? 'https' : 'http'}://${this.#address}` });
  }

  /** What the server calls the session: files are below a directory of that name on executors. Undefined before the first answer. */
  get serverSideId(): string | undefined {
    return this.#serverSide;
  }

  /** Runs a plan. @returns its rows, batch by batch, in Arrow's IPC format @throws StreamjobError SPARK_FAILED, CONNECT_FAILED */
  async run(root: Relation, signal?: AbortSignal): Promise<Uint8Array[]> {
    const plan = { opType: { case: 'root', value: root } };
    const batches: Uint8Array[] = [];
    const watch = this.#watch();
    const until = signal === undefined ? watch.lost : AbortSignal.any([signal, watch.lost]);
    try {
      const answers = await this.#stream('ExecutePlan', [{ ...this.#observed, plan, clientType: CLIENT }], until);
      // To the end, or the connection is kept for it.
      for await (const answer of answers) {
        watch.heard();
        const { responseType, serverSideSessionId } = answer as unknown as Answer;
        this.#serverSide = serverSideSessionId;
        if (responseType.case === 'arrowBatch') batches.push(responseType.value.data);
      }
      return batches;
    } catch (error) {
      throw watch.lost.aborted ? this.#silent(error) : this.#failure(error);
    } finally {
      watch.end();
    }
  }

  /**
   * Asks a server that is silent about a plan whether it lives: its host may have gone without a word, and then nothing would ever come. A
   * call does that; a ping of HTTP/2 would be held against us, as gRPC's servers take one in five minutes.
   */
  #watch(): { readonly lost: AbortSignal; readonly heard: () => void; readonly end: () => void } {
    const { silenceMs } = this.#patience;
    const lost = new AbortController();
    let isOver = false;
    let heardAt = monotonicMs();
    let unanswered = 0;
    const look = async (): Promise<void> => {
      if (monotonicMs() - heardAt >= silenceMs) {
        const lives = await this.#lives();
        unanswered = lives ? 0 : unanswered + 1;
      }
      if (isOver) return;
      if (unanswered >= 2) return lost.abort();
      endTimer = after(unanswered > 0 ? 0 : silenceMs, () => void look());
    };
    let endTimer = after(silenceMs, () => void look());
    return {
      lost: lost.signal,
      heard: () => {
        heardAt = monotonicMs();
        unanswered = 0;
      },
      end: () => {
        isOver = true;
        endTimer();
      },
    };
  }

  /** Whether the server answers anything. */
  async #lives(): Promise<boolean> {
    const request = { ...this.#session, clientType: CLIENT, analyze: { case: 'sparkVersion', value: {} } };
    try {
      const method = methodOf('AnalyzePlan') as DescMethodUnary;
      await this.#transport.unary(method, undefined, this.#patience.answerMs, undefined, request as never);
      return true;
    } catch (error) {
      const { code } = error instanceof ConnectError ? error : ({} as Partial<ConnectError>);
      return code !== Code.DeadlineExceeded && code !== Code.Unavailable && code !== undefined;
    }
  }

  /** Brings a file to all executors, those that come later too: `<server-side id>/<name>` below their working directory. */
  addFile(name: string, bytes: Uint8Array): Promise<void> {
    return this.#addArtifact(`files/${name}`, bytes);
  }

  /** Brings a .tar.gz to all executors, which unpack it into `<server-side id>/<name>` below their working directory. */
  addArchive(name: string, bytes: Uint8Array): Promise<void> {
    return this.#addArtifact(`archives/${name}.tar.gz#${name}`, bytes);
  }

  async #addArtifact(name: string, bytes: Uint8Array): Promise<void> {
    const numChunks = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
    const chunk = (i: number): object => {
      const data = bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES);
      return { data, crc: BigInt(crc32(data)) };
    };
    const common = { ...this.#observed, clientType: CLIENT };
    const begin = {
      name,
      totalBytes: BigInt(bytes.length),
      numChunks: BigInt(numChunks),
      initialChunk: chunk(0),
    };
    const chunked = Array.from({ length: numChunks }, (_, i) => ({
      ...common,
      payload: i === 0 ? { case: 'beginChunk', value: begin } : { case: 'chunk', value: chunk(i) },
    }));
    const whole = { case: 'batch', value: { artifacts: [{ name: begin.name, data: chunk(0) }] } };
    // The server takes chunks only where there are several.
    const requests = numChunks === 1 ? [{ ...common, payload: whole }] : chunked;
    try {
      for await (const answer of await this.#stream('AddArtifacts', requests, undefined, LONGEST_SHIPPING_MS)) {
        this.#serverSide = (answer as unknown as Answer).serverSideSessionId;
      }
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Lets the server forget the session. */
  async close(): Promise<void> {
    try {
      const method = methodOf('ReleaseSession') as DescMethodUnary;
      await this.#transport.unary(method, undefined, 5000, undefined, {
        ...this.#session,
        clientType: CLIENT,
      } as never);
    } catch {
      // It forgets it by itself after an hour.
    }
  }

  get #session(): object {
    return { sessionId: this.#sessionId, userContext: { userId: CLIENT, userName: CLIENT } };
  }

  /** With what the server called the session before: one that was started again since says so, and does not make another one silently. */
  get #observed(): object {
    const observed = this.#serverSide;
    return { ...this.#session, ...(observed === undefined ? {} : { clientObservedServerSideSessionId: observed }) };
  }

  async #stream(
    name: string,
    requests: readonly object[],
    signal?: AbortSignal,
    timeoutMs?: number,
  ): Promise<AsyncIterable<Message>> {
    const method = methodOf(name) as DescMethodStreaming;
    const input = messageOf(name === 'ExecutePlan' ? 'ExecutePlanRequest' : 'AddArtifactsRequest');
    const messages = async function* (): AsyncGenerator<never> {
      for (const request of requests) yield create(input, request as MessageInitShape<typeof input>) as never;
    };
    const { message } = await this.#transport.stream(
      method as DescMethodServerStreaming,
      signal,
      timeoutMs,
      undefined,
      messages(),
    );
    return message as AsyncIterable<Message>;
  }

  #silent(cause: unknown): StreamjobError {
    const { answerMs } = this.#patience;
    return new StreamjobError(
      'CONNECT_FAILED',
      `the Spark Connect server has not answered twice within ${answerMs} ms`,
      {
        where: this.#address,
        hint: 'see that its host runs, and that it can be reached',
        cause,
      },
    );
  }

  #failure(error: unknown): StreamjobError {
    const { code, rawMessage = textOf(error) } = error instanceof ConnectError ? error : ({} as Partial<ConnectError>);
    if (code === Code.Unavailable || code === undefined) {
      return new StreamjobError('CONNECT_FAILED', `the Spark Connect server does not answer: ${rawMessage}`, {
        where: this.#address,
        hint: 'see that it runs, and that master names its address',
        cause: error,
      });
    }
    return new StreamjobError('SPARK_FAILED', rawMessage, { where: this.#address, cause: error });
  }
}

interface Answer {
  readonly serverSideSessionId: string;
  readonly responseType:
    | { readonly case: 'arrowBatch'; readonly value: { readonly data: Uint8Array } }
    | { readonly case: undefined };
}

function methodOf(name: string): DescMethod {
  const found = SparkConnectService.methods.find((method) => method.name === name);
  if (found === undefined) throw new Error(`the service has no ${name}`);
  return found;
}
