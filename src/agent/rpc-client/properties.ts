/**
 * The properties file of a client, as Flume's SDK and `flume-ng avro-client -P` have it: hosts, how they are used, limits of time.
 * Source: RpcClientFactory and RpcClientConfigurationConstants of Flume 1.11.
 */
import { defineComponent } from '../component/component.ts';
import type { ComponentType } from '../component/component-type.ts';
import { bool, choice, int, map, names, text } from '../component/fields.ts';
import { Problems } from '../component/problems.ts';
import type { Setting } from '../component/settings.ts';
import { checkClientTls, clientTls, clientTlsFields } from '../component/tls-fields.ts';
import { parseProperties } from '../conf/properties.ts';
import type { RpcClientOptions } from './options.ts';

const TYPES = {
  default: 'one',
  'org.apache.flume.api.NettyAvroRpcClient': 'one',
  default_failover: 'failover',
  'org.apache.flume.api.FailoverRpcClient': 'failover',
  default_loadbalance: 'balance',
  'org.apache.flume.api.LoadBalancingRpcClient': 'balance',
} as const;
const SELECTORS = {
  round_robin: 'round_robin',
  'org.apache.flume.util.RoundRobinOrderSelector': 'round_robin',
  random: 'random',
  'org.apache.flume.util.RandomOrderSelector': 'random',
} as const;

/** Flume takes the default for a time below a second. */
const LEAST_TIMEOUT_MS = 1000;
const timeout = (doc: string) => int({ unit: 'ms', doc, default: 20_000, min: LEAST_TIMEOUT_MS, lenient: 'default' });

/** Reads the properties; what it creates are the options of `RpcClient.connect`. */
const clientProperties: ComponentType<undefined, RpcClientOptions> = defineComponent({
  type: 'client',
  doc: 'the properties of a client',
  fields: {
    'client.type': choice(Object.keys(TYPES) as (keyof typeof TYPES)[], {
      doc: 'one host, one after the other until it fails (default_failover), or shared (default_loadbalance)',
      default: 'default',
    }),
    hosts: names({ doc: 'names of the hosts, separated by blanks', required: true }),
    'hosts.*': map(text({ doc: 'host:port' }), { doc: 'where each of them is, as host:port' }),
    'batch-size': int({ unit: 'events', doc: 'events of a request', default: 100, min: 1, lenient: 'default' }),
    'connect-timeout': timeout('how long a connection and its handshake may take'),
    'request-timeout': timeout('how long an answer may take'),
    'max-attempts': int({ doc: 'hosts that a call tries (default_failover); default: as many as there are', min: 1 }),
    'host-selector': choice(Object.keys(SELECTORS) as (keyof typeof SELECTORS)[], {
      doc: 'whether hosts take turns or are drawn (default_loadbalance)',
      default: 'round_robin',
    }),
    backoff: bool({
      doc: 'whether a host that has failed is left out for a while (default_loadbalance)',
      default: false,
    }),
    maxBackoff: int({ unit: 'ms', doc: 'how long at most', default: 30_000 }),
    'compression-type': choice(['none', 'deflate'], { doc: 'whether requests are compressed', default: 'none' }),
    'compression-level': int({ doc: 'how hard', default: 6, max: 9 }),
    maxIoWorkers: int({ doc: 'of no meaning here' }),
    ...clientTlsFields,
  },
  check(values, complain) {
    checkClientTls(values, complain);
    const { hosts, 'hosts.*': places } = values;
    for (const name of hosts) if (!places.has(name)) complain(`hosts.${name}`, 'is missing, expected host:port');
    if (TYPES[values['client.type']] === 'balance' && hosts.length < 2)
      complain('hosts', 'names one host, expected at least two for a load that is balanced');
  },
  create: (values): RpcClientOptions => {
    const kind = TYPES[values['client.type']];
    const places = values.hosts.map((name) => values['hosts.*'].get(name) ?? '');
    return {
      // A client of one host uses the first that is named.
      hosts: kind === 'one' ? places.slice(0, 1) : places,
      batchSize: values['batch-size'],
      connectTimeout: values['connect-timeout'],
      requestTimeout: values['request-timeout'],
      compression: values['compression-type'],
      compressionLevel: values['compression-level'],
      tls: clientTls(values, 'client'),
      ...(kind === 'failover' && values['max-attempts'] !== undefined ? { maxAttempts: values['max-attempts'] } : {}),
      ...(kind === 'balance'
        ? { balance: SELECTORS[values['host-selector']], backoff: values.backoff, maxBackoff: values.maxBackoff }
        : {}),
    };
  },
});

/**
 * The options that a properties file says.
 * @param file its path, for messages
 * @throws StreamjobError CONFIG_INVALID with all mistakes and their lines; TLS_INVALID
 */
export function clientOptions(text: string, file: string): RpcClientOptions {
  const problems = new Problems(file);
  const { entries } = parseProperties(text);
  const settings = new Map<string, Setting>([...entries].filter(([, { value }]) => value !== ''));
  const read = clientProperties.configure(settings, { owner: 'the client', line: undefined, problems });
  problems.throwIfAny();
  if (read === undefined) throw new RangeError('a configuration without errors is one');
  return read.create(undefined);
}
