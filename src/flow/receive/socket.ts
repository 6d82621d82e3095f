/** Lines of text from a TCP server; when the connection fails or ends it is made again, without limit, as Spark does. */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { net } from '../../core/machine.ts';
import type { UserReceiver } from './user-receiver.ts';

/** A line longer than this many characters is cut, so that a peer without line ends cannot fill the memory. */
const LONGEST_LINE = 1024 * 1024;
/** As Spark's, however often it fails: who waits for a server wants its lines as soon as it is there. In ms. */
const RECONNECT_MS = 2000;

/** UTF-8 lines, split at \n, a \r before it left out. */
export function socketReceiver(host: string, port: number): UserReceiver<string> {
  let socket: Socket | undefined;
  return {
    onStart(handle) {
      const connection = net.connect({ host, port });
      socket = connection;
      const decoder = new StringDecoder('utf8');
      let rest = '';
      const take = (text: string): void => {
        // What stands before is not looked at again until its line ends or is too long: it may come byte by byte.
        if (!text.includes('\n') && rest.length + text.length <= LONGEST_LINE) {
          rest += text;
          return;
        }
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) lines.push(rest.slice(0, LONGEST_LINE));
        for (const line of lines) handle.store(line.endsWith('\r') ? line.slice(0, -1) : line);
      };
      connection.on('data', (chunk: Buffer) => {
        take(decoder.write(chunk));
        connection.pause();
        void handle.room().then(() => connection.resume());
      });
      connection.on('error', (error) =>
        handle.restart(`the connection to ${host}:${port} failed`, error, RECONNECT_MS),
      );
      connection.on('end', () => {
        if (rest !== '') take('\n');
        handle.restart(`${host}:${port} ended the connection`, undefined, RECONNECT_MS);
      });
    },
    onStop() {
      socket?.destroy();
    },
  };
}
