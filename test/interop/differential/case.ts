/** What a case of the differential suite is: a flume.conf of cases/, its input, and what is compared. */
import dgram from 'node:dgram';
import net from 'node:net';
import path from 'node:path';
import type { Surroundings } from './surroundings.ts';

/** What has not come after so long does not come, in ms. */
export const LATE_MS = 20_000;

/** A change of the agent's file while it runs. */
export interface Change {
  /** A file of changes/, without its ending. It gives c1 the capacity of 20000, by which it is seen that Flume has it. */
  readonly conf: string;
  /** How many events must have arrived before. */
  readonly after: number;
  /** Files that come into in/ then. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether Flume never takes it over. */
  readonly ignoredByFlume?: boolean;
}

/** One file, run by real Flume and by the embedded agent. */
export interface DifferentialCase {
  /** The file's name in cases/, without its ending. */
  readonly name: string;
  /** Files that are in in/ before the agent starts, in the order of their times. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** Gives the agent more once it runs. @returns what it answered */
  readonly feed?: (given: Surroundings) => Promise<unknown>;
  /** Events that the collectors get, requests that the web server gets, or lines in out/: it is waited for so many. */
  readonly arrive: number;
  /** How many of them come from real Flume, where that is known to be another number. */
  readonly arriveFromFlume?: number;
  /** Names in in/ at the end, which are waited for too. */
  readonly left?: readonly string[];
  /** The same in real Flume, where that is known to be another list. */
  readonly leftByFlume?: readonly string[];
  /** What the file becomes, one after the other. */
  readonly changes?: readonly Change[];
  /** Headers whose values are those of a run, and what they look like. */
  readonly masked?: Readonly<Record<string, RegExp>>;
  /** Whether two collectors get events, so that only the order at each counts; or the order is that of the machine. */
  readonly unordered?: boolean;
  /** A difference that is wanted: the reason, and what real Flume's outcome becomes by it. */
  readonly wanted?: { readonly reason: string; readonly change: (outcome: Outcome) => Outcome };
}

/** An event as it arrived. */
export interface Arrived {
  /** Which of the collectors has it. */
  readonly at: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Its bytes, as Latin-1. */
  readonly body: string;
}

/** What came of a run. */
export interface Outcome {
  readonly arrived: readonly Arrived[];
  /** What sockets were answered. */
  readonly answered: unknown;
  /** Names in in/. */
  readonly left: readonly string[];
  /** Files of out/ by their names without times, with what is in them. */
  readonly written: Readonly<Record<string, string>>;
}

/** Sends bytes to the agent's port and ends. @returns what came back until the other side had ended too, or a moment after the last byte */
export async function overTcp({ listen }: Surroundings, bytes: string | Buffer, answers = 0): Promise<string> {
  const socket = net.connect(listen, '127.0.0.1');
  let answered = '';
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (answers > 0 && answered.split('\n').length > answers) socket.end();
    };
    socket.setEncoding('latin1').on('data', (text: string) => {
      answered += text;
      look();
    });
    socket.once('error', reject).once('close', () => resolve());
    socket.once('connect', () => {
      socket.write(bytes);
      if (answers === 0) socket.end();
    });
  });
  return answered;
}

/** Sends datagrams one after the other. */
export async function overUdp({ listen }: Surroundings, ...messages: readonly string[]): Promise<void> {
  const socket = dgram.createSocket('udp4');
  for (const message of messages) {
    await new Promise<void>((resolve, reject) =>
      socket.send(message, listen, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
    );
  }
  socket.close();
}

/** Sends requests one after the other. @returns their statuses */
export async function overHttp(
  { listen }: Surroundings,
  ...requests: readonly {
    readonly path?: string;
    readonly type?: string;
    readonly method?: string;
    readonly body?: string;
  }[]
): Promise<number[]> {
  const statuses: number[] = [];
  for (const { body, method = 'POST', path: at = '/', type = 'application/json' } of requests) {
    const init = { method, headers: { 'content-type': type }, ...(body === undefined ? {} : { body }) };
    const response = await fetch(`http://127.0.0.1:${listen}${at}`, init);
    statuses.push(response.status);
    await response.arrayBuffer();
  }
  return statuses;
}

/** Waits until so many events have arrived. */
export async function hasArrived({ arrived }: Surroundings, count: number): Promise<void> {
  const late = Date.now() + LATE_MS;
  while (arrived.length < count && Date.now() < late) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A path in in/. */
export function inside({ work }: Surroundings, name: string): string {
  return path.join(work, 'in', name);
}
