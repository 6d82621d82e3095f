/** Every sink keeps what a sink promises. */

import { type SinkContractOptions, sinkContract } from '../../../../src/agent/contracts/sinks.ts';
import { sinks } from '../../../../src/agent/sinks/index.ts';
import type { SinkContext } from '../../../../src/agent/sinks/sink.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { FaultyFiles } from '../../../kit/faulty-files.ts';
import { forEveryEntry, runContract } from './entries.ts';

function brokenFiles(): Partial<SinkContext> {
  const files = new FaultyFiles();
  files.fail('append', 0, Number.POSITIVE_INFINITY);
  return { files };
}

function brokenLog(): Partial<SinkContext> {
  const fail = (): never => {
    throw new Error('the log is broken');
  };
  return { log: { ...silentLogger, info: fail } };
}

const HBASE = { table: 't', columnFamily: 'cf', rest: 'http://127.0.0.1:1' };

const fixtures: Readonly<Record<string, SinkContractOptions>> = {
  // Nobody listens on port 1.
  avro: { properties: () => ({ hostname: '127.0.0.1', port: 1 }), failing: () => ({}) },
  file_roll: { properties: () => ({ 'sink.directory': ownDirectory() }), failing: brokenFiles },
  // Nobody listens on port 1, and without that an answer takes the event.
  http: { properties: () => ({ endpoint: 'http://127.0.0.1:1' }), failing: () => ({}) },
  // Nobody listens on port 1.
  hbase2: { properties: () => HBASE, failing: () => ({}) },
  hbase: { properties: () => HBASE, failing: () => ({}) },
  hdfs: { properties: () => ({ 'hdfs.path': `file://${ownDirectory()}` }), failing: brokenFiles },
  logger: { properties: () => ({}), failing: brokenLog },
  null: { properties: () => ({}) },
  // Its deliveries are polled for: without a poller it leaves events where they are.
  spark: { properties: () => ({ hostname: '127.0.0.1', port: 0 }) },
};

forEveryEntry(sinks, fixtures, (type, options) => runContract(sinkContract(type, options)));
