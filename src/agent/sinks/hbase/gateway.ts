/**
 * HBase by its REST gateway: many rows in one call, and counters one row a call. Bytes are base64 in JSON.
 * Source: "REST" in the HBase Reference Guide, and what the gateway of HBase 2.6.1 answers.
 */
import http from 'node:http';
import https from 'node:https';
import { messageOf, StreamjobError } from '../../../core/errors.ts';
import { timeoutSignal } from '../../../core/machine.ts';
import type { Cell, Put } from './serializer.ts';

/** Where a table is. */
export interface GatewayOptions {
  /** Its address, e.g. `http://gateway:8080`; a path, a user and a password in it are kept. */
  readonly url: string;
  readonly table: string;
  readonly family: string;
  /** How long a call may take, in ms. */
  readonly callTimeout: number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A connection that nobody uses is closed before the gateway does it, for which a call could be lost. In ms. */
const IDLE_MS = 5000;
/** How much of what is answered is told. */
const TOLD = 200;
const NOT_FOUND = 404;

/** A table behind a gateway. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #url: URL;
  readonly #agent: http.Agent;
  readonly #family: Buffer;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#family = Buffer.from(`${options.family}:`);
    const keep = { keepAlive: true, maxSockets: 1, timeout: IDLE_MS };
    this.#agent = this.#url.protocol === 'https:' ? new https.Agent(keep) : new http.Agent(keep);
  }

  /** Without what is secret in it, for people. */
  get place(): string {
    return `${this.#url.protocol}//${this.#url.host}`;
  }

  /** Looks for table and family. @returns what is not there @throws StreamjobError as `put` */
  async missing(): Promise<string | undefined> {
    const { family, table } = this.#options;
    const answer = await this.#call('GET', 'schema');
    if (answer.status === NOT_FOUND) return `there is no table ${table}`;
    const { ColumnSchema: families } = schemaOf(this.#checked(answer, 'the schema').text);
    if (families === undefined || families.some(({ name }) => name === family)) return undefined;
    const known = families.map(({ name }) => name).join(', ');
    return `table ${table} has no column family ${family}, but ${known}`;
  }

  /**
   * Writes rows, as many as there are, in one call: when it fails, some of them may be written.
   * @throws StreamjobError RPC_ERROR, CONNECT_FAILED, REQUEST_TIMEOUT
   */
  async put(rows: readonly Put[]): Promise<void> {
    this.#checked(await this.#call('PUT', 'rows', { Row: rows.map((row) => this.#row(row)) }), 'a batch of rows');
  }

  /**
   * Adds to counters of one row, to all or none.
   * @param amounts by column
   * @throws StreamjobError as `put`; after all but an answer below 500 it may be added
   */
  async increment(row: Uint8Array, amounts: readonly { column: Uint8Array; amount: number }[]): Promise<void> {
    const cells = amounts.map(({ amount, column }): Cell => ({ column, value: Buffer.from(String(amount)) }));
    const body = { Row: [this.#row({ row, cells })] };
    this.#checked(await this.#call('PUT', 'rows?check=increment', body), 'an increment');
  }

  /** Ends its connection, and a call that is under way with it. */
  close(): void {
    this.#agent.destroy();
  }

  #row({ cells, row }: Put): object {
    return {
      key: base64(row),
      Cell: cells.map(({ column, value }) => ({
        column: Buffer.concat([this.#family, column]).toString('base64'),
        $: base64(value),
      })),
    };
  }

  async #call(method: 'GET' | 'PUT', what: string, body?: object): Promise<Answer> {
    const { callTimeout, table } = this.#options;
    const address = new URL(this.#url);
    const [path, query = ''] = what.split('?');
    address.pathname = `${address.pathname.replace(/\/+$/, '')}/${encodeURIComponent(table)}/${path}`;
    address.search = query;
    const { signal, end } = timeoutSignal(callTimeout);
    try {
      return await this.#exchange(method, address, body, signal);
    } catch (cause) {
      if (signal.aborted)
        throw new StreamjobError('REQUEST_TIMEOUT', `${this.place} did not answer within ${callTimeout} ms`, {
          where: this.place,
          hint: 'raise callTimeout, or see why HBase is slow',
          cause,
        });
      throw new StreamjobError('CONNECT_FAILED', `no answer from ${this.place}: ${messageOf(cause)}`, {
        where: this.place,
        hint: "see that rest is the address of HBase's REST gateway (`hbase rest start`) and can be reached from here",
        cause,
      });
    } finally {
      end();
    }
  }

  #exchange(method: string, address: URL, body: object | undefined, signal: AbortSignal): Promise<Answer> {
    const data = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const type = data === undefined ? {} : { 'content-type': 'application/json', 'content-length': data.length };
    const headers = { accept: 'application/json, */*', ...type };
    return new Promise((resolve, reject) => {
      const { request: call } = address.protocol === 'https:' ? https : http;
      const request = call(address, { method, headers, agent: this.#agent, signal });
      request.once('error', reject);
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      });
      request.once('close', () => reject(new Error('the connection ended before the answer')));
      request.end(data);
    });
  }

  #checked(answer: Answer, what: string): Answer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    const { family, table } = this.#options;
    const told = answer.text.replace(/\s+/g, ' ').trim().slice(0, TOLD);
    const missing =
      answer.status === NOT_FOUND ? `: there is no table ${table}, or no column family ${family} in it` : '';
    throw new StreamjobError('RPC_ERROR', `${what} of ${table} was answered ${answer.status}${missing}: ${told}`, {
      where: this.place,
      hint: "see the table, its rights, and the log of HBase's REST gateway",
    });
  }
}

/** Unknown where a gateway answers what is no schema. */
function schemaOf(text: string): { readonly ColumnSchema?: readonly { readonly name: string }[] } {
  try {
    return JSON.parse(text) as { ColumnSchema?: { name: string }[] };
  } catch {
    return {};
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
