/** The embedded agent against real Flume 1.11: the same files, the same input, the same receiver. */
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, isListening } from '../../kit/ports.ts';
import { type Kind, Receiver, startAgent } from '../kit/agents.ts';
import { type Case, withDirectory } from '../kit/case.ts';
import { digits, megabytes } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import type { Measured } from '../kit/process.ts';
import { type Hot, profiled, profilesIn } from '../kit/profile.ts';
import type { Row, Table } from '../kit/results.ts';
import { type Contestant, inTurn, middle, type Outcome } from '../kit/turns.ts';
import { row } from './rows.ts';

/** Events of each turn. The first part of them lets a JVM get warm, and is not counted. */
const EVENTS = 600_000;
const WARM = 200_000;
const FILES = 60;
/** How long an agent may take to end and to write its profile. */
const PROFILE_MS = 60_000;
const BATCH = 1000;
const CONNECTIONS = 4;
const IDLE_FILES = 1000;
const IDLE_SETTLE_MS = 20_000;
/** CPU is counted in steps of 10 ms, of which an agent that waits takes few. */
const LEAST_IDLE_SECONDS = 60;
const LINE = 'a line of a log as many are, with some words in it, and a number behind them: ';

interface Flow {
  readonly name: string;
  /** Of the source, without channels. */
  readonly source: (directory: string, port: number) => readonly string[];
  readonly channel: 'file' | 'memory';
  /** Before the start. */
  readonly prepare?: (directory: string) => void;
  /** Once it listens. @returns what ends it */
  readonly feed?: (port: number) => Promise<() => Promise<void>>;
}

interface Carried {
  readonly cpuPerMillion: number;
  readonly eventsPerSecond: number;
  readonly peakBytes: number;
  readonly anonymousBytes: number;
}

/** `count` lines in `files` files of a directory. */
function writeLogs(directory: string, files: number, count: number): void {
  mkdirSync(directory, { recursive: true });
  const each = count / files;
  for (let file = 0; file < files; file++) {
    const lines = Array.from({ length: each }, (_, i) => `${LINE}${file * each + i}\n`);
    writeFileSync(path.join(directory, `${String(file).padStart(4, '0')}.log`), lines.join(''));
  }
}

const logs = (directory: string): string => path.join(directory, 'logs');

/** Sends lines over some connections, as fast as they are taken. */
async function sendLines(port: number): Promise<() => Promise<void>> {
  const sockets = Array.from({ length: CONNECTIONS }, () => net.connect(port, '127.0.0.1'));
  const block = Array.from({ length: BATCH }, (_, i) => `${LINE}${i}\n`).join('');
  const blocks = EVENTS / BATCH / CONNECTIONS;
  for (const socket of sockets) {
    let left = blocks;
    const send = (): void => {
      while (left > 0) {
        left--;
        if (!socket.write(block)) return;
      }
    };
    socket.on('drain', send).on('error', () => socket.destroy());
    socket.once('connect', send);
  }
  return async () => {
    for (const socket of sockets) socket.destroy();
  };
}

const FLOWS: readonly Flow[] = [
  {
    name: 'spooldir -> file -> avro',
    source: (directory) => ['type = spooldir', `spoolDir = ${logs(directory)}`, `batchSize = ${BATCH}`],
    channel: 'file',
    prepare: (directory) => writeLogs(logs(directory), FILES, EVENTS),
  },
  {
    name: 'TAILDIR -> file -> avro',
    source: (directory) => [
      'type = TAILDIR',
      'filegroups = g',
      `filegroups.g = ${logs(directory)}/.*\\\\.log`,
      `positionFile = ${directory}/positions.json`,
      `batchSize = ${BATCH}`,
    ],
    channel: 'file',
    prepare: (directory) => writeLogs(logs(directory), FILES, EVENTS),
  },
  {
    name: 'netcat -> memory -> avro',
    source: (_, port) => ['type = netcat', 'bind = 127.0.0.1', `port = ${port}`, 'ack-every-event = false'],
    channel: 'memory',
    feed: sendLines,
  },
  {
    name: 'avro -> file -> avro',
    source: (_, port) => ['type = avro', 'bind = 127.0.0.1', `port = ${port}`],
    channel: 'file',
    feed: async (port) => {
      const load = Load.generator({ port, connections: CONNECTIONS, batch: BATCH, window: 1, total: EVENTS });
      return () => load.process.kill();
    },
  },
];

function confOf({ channel, source }: Flow, directory: string, port: number, to: number): string {
  const file = [
    'type = file',
    `dataDirs = ${directory}/data`,
    `checkpointDir = ${directory}/checkpoint`,
    'capacity = 1000000',
  ];
  const memory = ['type = memory', 'capacity = 100000'];
  return [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1',
    ...[...source(directory, port), 'channels = c1'].map((line) => `a1.sources.r1.${line}`),
    ...[...(channel === 'file' ? file : memory), 'transactionCapacity = 10000'].map((line) => `a1.channels.c1.${line}`),
    ...['type = avro', 'hostname = 127.0.0.1', `port = ${to}`, `batch-size = ${BATCH}`, 'channel = c1'].map(
      (line) => `a1.sinks.k1.${line}`,
    ),
    '',
  ].join('\n');
}

/** Runs a flow. @param watch is called with the agent while it carries @param ours how ours is started */
function carry<T>(
  kind: Kind,
  flow: Flow,
  watch: (agent: Measured, receiver: Receiver, directory: string) => Promise<T>,
  ours?: (directory: string) => readonly string[],
): Promise<T> {
  return withDirectory(async (directory) => {
    flow.prepare?.(directory);
    const [port, to] = [await freePort(), await freePort()];
    const receiver = new Receiver(to);
    let agent: Measured | undefined;
    let end = async (): Promise<void> => {};
    try {
      while (!(await isListening(to))) await sleep(50);
      agent = startAgent(kind, confOf(flow, directory, port, to), directory, ours?.(directory));
      while (flow.feed !== undefined && agent.exit === undefined && !(await isListening(port))) await sleep(50);
      end = (await flow.feed?.(port)) ?? end;
      return await watch(agent, receiver, directory);
    } finally {
      await end();
      await agent?.kill();
      await receiver.process.kill();
    }
  });
}

/** A flow from its warm part to the last event. */
function carrying(kind: Kind, flow: Flow): Contestant<Carried> {
  const watch = async (agent: Measured, receiver: Receiver): Promise<Carried> => {
    await receiver.has(WARM, agent);
    const from = { at: performance.now(), events: receiver.events, cpu: agent.cpuSeconds() };
    await receiver.has(EVENTS, agent);
    const events = receiver.events - from.events;
    return {
      cpuPerMillion: ((agent.cpuSeconds() - from.cpu) / events) * 1e6,
      eventsPerSecond: events / ((performance.now() - from.at) / 1000),
      peakBytes: agent.peakBytes(),
      anonymousBytes: agent.anonymousPeakBytes(),
    };
  };
  return { name: kind, run: () => carry(kind, flow, watch) };
}

/** Runs each flow under V8's profiler. @returns the functions of its busiest thread by self time, by the name of the flow */
export async function profileAgents(): Promise<Map<string, readonly Hot[]>> {
  const found = new Map<string, readonly Hot[]>();
  for (const flow of FLOWS) {
    const watch = async (agent: Measured, receiver: Receiver, directory: string): Promise<readonly Hot[]> => {
      await receiver.has(EVENTS, agent);
      await agent.stop('SIGINT', PROFILE_MS);
      return profilesIn(path.join(directory, 'profile'))[0] ?? [];
    };
    found.set(
      flow.name,
      await carry('streamjob', flow, watch, (directory) => profiled(path.join(directory, 'profile'))),
    );
  }
  return found;
}

interface Waiting {
  readonly cores: number;
}

/** TAILDIR over many files to which nobody writes. */
function waiting(kind: Kind, seconds: number): Contestant<Waiting> {
  const flow = FLOWS.find(({ name }) => name.startsWith('TAILDIR')) as Flow;
  const run = (): Promise<Waiting> =>
    withDirectory(async (directory) => {
      writeLogs(logs(directory), IDLE_FILES, IDLE_FILES);
      const to = await freePort();
      const receiver = new Receiver(to);
      const agent = startAgent(kind, confOf(flow, directory, 0, to), directory);
      try {
        await receiver.has(IDLE_FILES, agent);
        // Polls come more and more rarely when nothing is found.
        await sleep(IDLE_SETTLE_MS);
        const from = { at: performance.now(), cpu: agent.cpuSeconds() };
        await sleep(seconds * 1000);
        return {
          cores: (agent.cpuSeconds() - from.cpu) / ((performance.now() - from.at) / 1000),
        };
      } finally {
        await agent.kill();
        await receiver.process.kill();
      }
    });
  return { name: kind, run };
}

/** Agents in turn. */
async function compare<T>(pairs: number, contestant: (kind: Kind) => Contestant<T>): Promise<[Outcome<T>, Outcome<T>]> {
  const [us, them] = await inTurn(pairs, [contestant('streamjob'), contestant('Flume')]);
  if (us === undefined || them === undefined) throw new Error('two contestants, two outcomes');
  return [us, them];
}

export const agent: Case = {
  id: 'agent',
  group: 'agent',
  needs: ['flume'],
  async run({ pairs, seconds }) {
    const rows: Row[] = [];
    const lines: Table['lines'][number][] = [];
    for (const flow of FLOWS) {
      process.stderr.write(` ${flow.name}\n`);
      const [us, them] = await compare(pairs, (kind) => carrying(kind, flow));
      rows.push(
        row({
          what: `${flow.name}, CPU of an event: Flume's over ours`,
          target: 3,
          sense: 'at least',
          over: them,
          under: us,
          figure: ({ cpuPerMillion }) => cpuPerMillion,
          show: (cpu) => `${digits(cpu)} CPU s per million events`,
        }),
        row({
          what: "the same, peak memory: ours over Flume's",
          target: 0.333,
          sense: 'at most',
          over: us,
          under: them,
          ours: 'over',
          figure: ({ peakBytes }) => peakBytes,
          show: megabytes,
        }),
      );
      for (const side of [us, them]) {
        lines.push([
          flow.name,
          side.name,
          digits(middle(side, ({ eventsPerSecond }) => eventsPerSecond)),
          digits(middle(side, ({ cpuPerMillion }) => cpuPerMillion)),
          megabytes(middle(side, ({ peakBytes }) => peakBytes)),
          megabytes(middle(side, ({ anonymousBytes }) => anonymousBytes)),
        ]);
      }
    }
    const [us, them] = await compare(pairs, (kind) => waiting(kind, Math.max(LEAST_IDLE_SECONDS, seconds)));
    rows.push(
      row({
        what: `TAILDIR over ${IDLE_FILES} files when nothing comes, CPU: ours over Flume's`,
        target: 0.1,
        sense: 'at most',
        over: us,
        under: them,
        ours: 'over',
        figure: ({ cores }) => cores,
        show: (cores) => `${digits(cores)} of a core`,
      }),
    );
    return {
      title: 'The embedded agent beside Flume 1.11',
      method: `The same flume.conf, ${EVENTS.toLocaleString('en-US')} events of ${LINE.length + 6} bytes of which the last ${(EVENTS - WARM).toLocaleString('en-US')} are measured, batches of ${BATCH}, a sync for each transaction of a file channel, one receiver that takes a request at a time. Flume with a heap of 512 MB.`,
      rows,
      tables: [
        {
          title: '',
          columns: ['flow', '', 'events/s', 'CPU s per million events', 'peak memory', 'of it not of files'],
          lines,
        },
      ],
    };
  },
};
