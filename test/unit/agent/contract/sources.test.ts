/** Every source keeps what a source promises. */
import fs from 'node:fs';
import path from 'node:path';
import type { ContractProperties } from '../../../../src/agent/contracts/contract.ts';
import { sourceContract } from '../../../../src/agent/contracts/sources.ts';
import { sources } from '../../../../src/agent/sources/index.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { forEveryEntry, runContract } from './entries.ts';

function spool(): ContractProperties {
  const spoolDir = ownDirectory();
  fs.writeFileSync(path.join(spoolDir, 'lines.txt'), 'a\nb\nc\n');
  return { spoolDir };
}

function tail(): ContractProperties {
  const directory = ownDirectory();
  fs.writeFileSync(path.join(directory, 'a.log'), 'a\nb\nc\n');
  return {
    filegroups: 'g',
    'filegroups.g': `${directory}/.*\\.log`,
    positionFile: path.join(directory, 'positions.json'),
  };
}

const fixtures: Readonly<Record<string, () => ContractProperties>> = {
  netcat: () => ({ bind: '127.0.0.1', port: 0 }),
  avro: () => ({ bind: '127.0.0.1', port: 0 }),
  netcatudp: () => ({ bind: '127.0.0.1', port: 0 }),
  syslogtcp: () => ({ host: '127.0.0.1', port: 0 }),
  multiport_syslogtcp: () => ({ host: '127.0.0.1', ports: '0', 'charset.port.0': 'UTF-16' }),
  syslogudp: () => ({ host: '127.0.0.1', port: 0 }),
  'org.apache.flume.agent.embedded.EmbeddedSource': () => ({}),
  http: () => ({ bind: '127.0.0.1', port: 0 }),
  spooldir: spool,
  TAILDIR: tail,
  exec: () => ({ command: 'yes' }),
  seq: () => ({}),
  stress: () => ({}),
};

forEveryEntry(sources, fixtures, (type, properties) => runContract(sourceContract(type, properties)));
