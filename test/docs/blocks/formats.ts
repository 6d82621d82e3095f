/** Checks blocks of files that other programs read: flume.conf, YAML, systemd units, Dockerfiles, JSON. */
import { parseAllDocuments } from 'yaml';
import { readFlumeConf } from '../../../src/agent/conf/flume-conf.ts';
import { plainFlags } from '../../../src/cli/run-flags.ts';
import type { Block } from './block.ts';

/**
 * A part of a flume.conf: with a source, a channel and a sink around it, it is one.
 * @throws Error with the findings of the reader
 */
export function checkFragment(code: string): void {
  const around = [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1',
    'a1.sources.r1.type = seq',
    'a1.sources.r1.channels = c1',
    ...(code.includes('.c1.type =') ? [] : ['a1.channels.c1.type = memory']),
    'a1.channels.c1.capacity = 100000',
    'a1.channels.c1.transactionCapacity = 100000',
    ...(code.includes('.k1.type =') ? [] : ['a1.sinks.k1.type = null', 'a1.sinks.k1.channel = c1']),
  ];
  const { problems } = readFlumeConf([...around, code].join('\n'), 'block', 'a1', {}, undefined);
  const said = problems.all.map((problem) => problems.format(problem));
  if (said.length > 0) throw new Error(said.join('\n'));
}

/** @throws Error where it is no YAML, or a Kubernetes probe asks for a path or a port that nobody serves */
export function checkYaml({ code }: Block): void {
  for (const document of parseAllDocuments(code)) {
    const problem = [...document.errors, ...document.warnings][0];
    if (problem !== undefined) throw new Error(problem.message);
    checkManifest(document.toJS());
  }
}

/** What src/observe/web/server.ts serves for who watches over a process. */
const WATCHED = ['/healthz', '/readyz', '/metrics'];

interface Container {
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly [probe: string]: unknown;
}

function checkManifest(manifest: unknown): void {
  const { kind, apiVersion, spec } = manifest as {
    kind?: string;
    apiVersion?: string;
    spec?: { template?: { spec?: { containers?: readonly Container[] } } };
  };
  if (kind === undefined) return;
  if (apiVersion === undefined) throw new Error(`${kind} has no apiVersion`);
  for (const container of spec?.template?.spec?.containers ?? []) {
    const ports = (container.ports ?? []).flatMap(({ name, containerPort }) => [name, containerPort]);
    for (const name of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const probe = container[name] as { httpGet?: { path: string; port: string | number } } | undefined;
      if (probe?.httpGet === undefined) continue;
      const { path, port } = probe.httpGet;
      if (!WATCHED.includes(path)) throw new Error(`${name}: a job does not serve ${path}`);
      if (!ports.includes(port)) throw new Error(`${name}: the container has no port ${port}`);
    }
    if (container.args !== undefined) checkRun(container.args);
  }
}

/** Keys that the units of these pages may have, by section. */
const UNIT_KEYS: Readonly<Record<string, readonly string[]>> = {
  Unit: ['Description', 'Documentation', 'Wants', 'After', 'StartLimitIntervalSec', 'StartLimitBurst'],
  Service: [
    ...[
      'Type',
      'WorkingDirectory',
      'ExecStart',
      'ExecReload',
      'Environment',
      'EnvironmentFile',
      'User',
      'Group',
      'DynamicUser',
    ],
    ...[
      'KillSignal',
      'KillMode',
      'TimeoutStopSec',
      'Restart',
      'RestartSec',
      'RestartPreventExitStatus',
      'StateDirectory',
    ],
    ...[
      'StateDirectoryMode',
      'UMask',
      'LimitNOFILE',
      'MemoryMax',
      'LoadCredential',
      'NoNewPrivileges',
      'ProtectSystem',
    ],
    ...['ProtectHome', 'PrivateTmp', 'PrivateDevices', 'ReadWritePaths'],
  ],
  Install: ['WantedBy'],
};

/** @throws Error where a section or key is not known, or ExecStart calls streamjob with words that it does not take */
export function checkUnit({ code }: Block): void {
  let section = 'no section';
  for (const line of code.split('\n')) {
    const [, named] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (named !== undefined) section = named;
    else if (line !== '' && !line.startsWith('#')) {
      const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
      if (UNIT_KEYS[section]?.includes(key) !== true) throw new Error(`[${section}] has no key in '${line}'`);
      const [, words] = key === 'ExecStart' ? (/cli\.js (.+)$/.exec(value) ?? []) : [];
      if (words !== undefined) checkRun(words.split(' '));
    }
  }
}

const INSTRUCTIONS = [
  'FROM',
  'RUN',
  'COPY',
  'WORKDIR',
  'ENV',
  'USER',
  'VOLUME',
  'EXPOSE',
  'HEALTHCHECK',
  'STOPSIGNAL',
  'CMD',
  'ENTRYPOINT',
];

/** @throws Error where an instruction is not known, or CMD calls streamjob with words that it does not take */
export function checkDockerfile({ code }: Block): void {
  const lines = code.replace(/\\\n/g, ' ').split('\n');
  for (const line of lines.filter((each) => each !== '' && !each.startsWith('#'))) {
    const [, instruction = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (!INSTRUCTIONS.includes(instruction)) throw new Error(`a Dockerfile has no instruction in '${line}'`);
    if (instruction === 'CMD') {
      const words = JSON.parse(rest) as string[];
      checkRun(words.slice(words.findIndex((word) => word.endsWith('cli.js')) + 1));
    }
  }
}

/** Words behind `streamjob`, as far as they are a plain call of `run`. */
function checkRun([command, ...words]: readonly string[]): void {
  if (command !== 'run') return;
  if (plainFlags(words) === undefined) throw new Error(`streamjob run does not take '${words.join(' ')}'`);
}

/** @throws SyntaxError */
export function checkJson({ code }: Block): void {
  JSON.parse(code);
}
