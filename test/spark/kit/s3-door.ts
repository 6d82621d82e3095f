/** The thread of the door before a server (s3-server.ts): what comes is handed on, as long as it is open. */
import { createServer, request, type Server } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import type { BootData } from '../../../src/core/thread-boot.ts';

/** What it is started with. */
export interface DoorData extends BootData {
  /** Where the door is. */
  readonly port: number;
  /** Of the server behind it. */
  readonly inner: number;
}

/** A number: so many requests are told to come more slowly. */
export type ToDoor = 'open' | 'shut' | number;

const SLOW_DOWN =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>';
const { inner, port } = workerData as DoorData;
let door: Server | undefined;
let slowDowns = 0;

parentPort?.on('message', async (told: ToDoor) => {
  if (told === 'open') await open();
  else if (told === 'shut') await shut();
  else slowDowns = told;
  parentPort?.postMessage('done');
});

function open(): Promise<void> {
  const opened = createServer((asked, answer) => {
    if (slowDowns > 0) {
      slowDowns--;
      asked.resume();
      return void answer.writeHead(503, { 'content-type': 'application/xml' }).end(SLOW_DOWN);
    }
    const { headers, method, url: path } = asked;
    const handedOn = request({ host: '127.0.0.1', port: inner, method, path, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 500, given.headers);
      given.pipe(answer);
    });
    handedOn.on('error', () => answer.destroy());
    asked.on('error', () => handedOn.destroy());
    asked.pipe(handedOn);
  });
  door = opened;
  return new Promise((resolve) => opened.listen(port, '127.0.0.1', () => resolve()));
}

function shut(): Promise<void> {
  const shutting = door;
  door = undefined;
  return new Promise((resolve) => {
    if (shutting === undefined) return resolve();
    shutting.close(() => resolve());
    shutting.closeAllConnections();
  });
}
