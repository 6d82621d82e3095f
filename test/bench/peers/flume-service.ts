/** Flume's protocol as an avsc service: what both hand-written servers listen with. */
import net from 'node:net';
import avsc from 'avsc';
import { flumeProtocol } from '../../../src/avro/protocols/flume.ts';

/** An event as avsc decodes it. */
export interface WireEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Answers a request. */
export type Answer = (error: Error | null, status: 'OK' | 'FAILED') => void;

/** avsc's typings leave out the handlers that a server has by its messages' names. */
interface FlumeServer {
  onAppend(handle: (event: WireEvent, answer: Answer) => void): void;
  onAppendBatch(handle: (events: readonly WireEvent[], answer: Answer) => void): void;
  createChannel(socket: net.Socket): void;
}

/** Listens on a port of this machine and hands each request's events to `handle`. */
export function listen(port: number, handle: (events: readonly WireEvent[], answer: Answer) => void): void {
  const service = avsc.Service.forProtocol(JSON.parse(flumeProtocol.text) as object);
  const server = service.createServer() as unknown as FlumeServer;
  server.onAppend((event, answer) => handle([event], answer));
  server.onAppendBatch(handle);
  net
    .createServer((socket) => {
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      server.createChannel(socket);
    })
    .listen(port, '127.0.0.1');
}
