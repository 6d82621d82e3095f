/** A debugger, as editors have one: it speaks the protocol of V8's inspector with a process that was started with --inspect. */
import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import type { Socket } from 'node:net';

export interface ProtocolMessage {
  readonly id?: number;
  readonly method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: what an event or an answer holds, each of its own form
  readonly params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly result?: any;
}

/** A connection to an inspector, with the few frames of WebSocket that it uses. */
export class Debugger {
  readonly #socket: Socket;
  /** All that has come. */
  readonly messages: ProtocolMessage[] = [];
  #bytes = Buffer.alloc(0);
  #text = '';
  #lastId = 0;

  private constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#read(bytes));
    this.#read(head);
  }

  /** @param url as the process writes it to stderr: ws://127.0.0.1:9229/ID */
  static connect(url: string): Promise<Debugger> {
    return new Promise((resolve, reject) => {
      const headers = {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      };
      get(url.replace(/^ws/, 'http'), { headers })
        .on('upgrade', (_, socket, head) => resolve(new Debugger(socket as Socket, head)))
        .on('error', reject);
    });
  }

  /** Calls a method; its answer comes among the messages. @returns the call's id */
  send(method: string, params: object = {}): number {
    const id = ++this.#lastId;
    const payload = Buffer.from(JSON.stringify({ id, method, params }));
    const size = Buffer.alloc(payload.length < 126 ? 2 : 4);
    size[0] = 0x81;
    size[1] = 0x80 | Math.min(payload.length, 126);
    if (payload.length >= 126) size.writeUInt16BE(payload.length, 2);
    // A mask of zeros leaves the bytes as they are.
    this.#socket.write(Buffer.concat([size, Buffer.alloc(4), payload]));
    return id;
  }

  answer(id: number): ProtocolMessage | undefined {
    return this.messages.find((message) => message.id === id);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      const short = (this.#bytes[1] ?? 0) & 0x7f;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (this.#bytes.length < head) return;
      const length =
        short === 126 ? this.#bytes.readUInt16BE(2) : short === 127 ? Number(this.#bytes.readBigUInt64BE(2)) : short;
      if (this.#bytes.length < head + length) return;
      const isLast = ((this.#bytes[0] ?? 0) & 0x80) !== 0;
      this.#text += this.#bytes.toString('utf8', head, head + length);
      this.#bytes = this.#bytes.subarray(head + length);
      if (!isLast) continue;
      this.messages.push(JSON.parse(this.#text) as ProtocolMessage);
      this.#text = '';
    }
  }
}
