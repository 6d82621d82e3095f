/** An embedded agent of a simulation, and the application that sends to it: what the application was told of is the agent's to deliver. */
import { NO_KEYS } from '../../../src/agent/channels/file/keys/keys.ts';
import { decodeRecord, isEvent } from '../../../src/agent/channels/file/record.ts';
import { Agent } from '../../../src/agent/runtime/agent.ts';
import type { Logger } from '../../../src/core/log.ts';
import { syncedRecords } from '../../../src/simulation/machine/disk/database.ts';
import type { Host } from '../../../src/simulation/machine/host.ts';
import type { Feed } from '../../../src/simulation/world/feed.ts';
import { runSender } from '../../../src/simulation/world/sender.ts';
import type { AgentPlan } from './plan.ts';

const AGENT_PORT = 4141;
/** Where store_on_failure keeps what the job does not take. */
const SPILL = '/data/spill';

/** Where a channel keeps its events. */
const DATA = '/data/data';

const ON_DISK = [
  'channels.c1.checkpointDir = /data/checkpoint',
  `channels.c1.dataDirs = ${DATA}`,
  'channels.c1.minimumRequiredSpace = 0',
  'channels.c1.maxFileSize = 100000',
];
const CHANNELS: Readonly<Record<AgentPlan['channel'], readonly string[]>> = {
  memory: ['channels.c1.type = memory', 'channels.c1.capacity = 500'],
  file: ['channels.c1.type = file', 'channels.c1.capacity = 500', ...ON_DISK],
  // As large as one batch of its application.
  spillable: [
    'channels.c1.type = SPILLABLEMEMORY',
    'channels.c1.memoryCapacity = 10',
    'channels.c1.overflowCapacity = 500',
    'channels.c1.overflowTimeout = 1',
    ...ON_DISK,
  ],
};

/** The flume.conf of an agent. @param job host and port of the job's push receiver @param timeout of its requests, in ms */
export function confOf(
  { channel, storeOnFailure }: AgentPlan,
  job: { host: string; port: number },
  timeout: number,
): string {
  const lines = [
    'sources = r1',
    'channels = c1',
    'sinks = k1',
    'sources.r1.type = avro',
    'sources.r1.bind = 0.0.0.0',
    `sources.r1.port = ${AGENT_PORT}`,
    'sources.r1.channels = c1',
    'channels.c1.transactionCapacity = 100',
    ...CHANNELS[channel],
    'sinks.k1.type = avro',
    `sinks.k1.hostname = ${job.host}`,
    `sinks.k1.port = ${job.port}`,
    'sinks.k1.batch-size = 10',
    `sinks.k1.connect-timeout = ${timeout}`,
    `sinks.k1.request-timeout = ${timeout}`,
    'sinks.k1.channel = c1',
    ...(storeOnFailure
      ? [
          'sinkgroups = g1',
          'sinkgroups.g1.sinks = k1',
          'sinkgroups.g1.processor.type = store_on_failure',
          `sinkgroups.g1.processor.directory = ${SPILL}`,
          'sinkgroups.g1.processor.minimumRequiredSpace = 0',
        ]
      : []),
  ];
  return lines.map((line) => `a1.${line}\n`).join('');
}

/**
 * The ids of the events that an agent whose channel is in memory has synced on its disk: because the job did not take them
 * (store_on_failure), or because memory had no room (a spillable channel).
 */
export function idsOnDisk({ disk }: Host): Set<string> {
  const records = [SPILL, DATA].flatMap((directory) => syncedRecords(disk, `${directory}/data.mdb`));
  const events = records.map(({ key, value }) => decodeRecord(key, value, NO_KEYS)).filter(isEvent);
  return new Set(events.flatMap(({ headers }) => headers['id'] ?? []));
}

/** Runs until its process is killed. @throws what makes its start fail */
export async function runAgent(conf: string, log: Logger): Promise<void> {
  const agent = Agent.fromText(conf, 'flume.conf', { log });
  await agent.start();
}

/** An application that sends to an agent, again after a second when it was not told that the agent has it. Runs for ever. */
export function runApplication(feed: Feed, host: string, onTaken: (ids: readonly string[]) => void): Promise<never> {
  const settings = {
    host,
    port: AGENT_PORT,
    batchSize: 10,
    timeout: 5000,
    pause: 1000,
    idle: { step: 500, most: 500 },
  };
  return runSender(feed, settings, { taken: (made) => onTaken(made.map(({ id }) => id)) });
}
