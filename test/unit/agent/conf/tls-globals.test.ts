/** TLS properties that all components have in common, from system properties and from the environment. */
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { readFlumeConfs } from '../../../../src/agent/conf/flume-conf.ts';
import type { Surroundings } from '../../../../src/agent/conf/lookups.ts';
import { Agent, silentLogger } from '../../../../src/agent.ts';

const at = (name: string): string => fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
const STORE = { FLUME_SSL_KEYSTORE_PATH: at('store.p12'), FLUME_SSL_KEYSTORE_PASSWORD: 'secret' };

function confOf(kind: 'sources' | 'sinks', ...properties: string[]): string {
  const [name, channel] = kind === 'sources' ? ['r1', 'channels'] : ['k1', 'channel'];
  const all = [`a1.${kind} = ${name}`, 'a1.channels = c1', 'a1.channels.c1.type = memory'];
  return [...all, ...[`${channel} = c1`, ...properties].map((each) => `a1.${kind}.${name}.${each}`)].join('\n');
}

const AVRO_SOURCE = ['type = avro', 'bind = 127.0.0.1', 'port = 0', 'ssl = true'];
const AVRO_SINK = ['type = avro', 'hostname = 127.0.0.1', 'port = 1', 'ssl = true'];

function valuesOf(text: string, given: Partial<Surroundings>): Readonly<Record<string, unknown>> {
  const { conf, problems } = readFlumeConfs([{ file: 'flume.conf', text }], 'a1', { env: {}, ...given });
  problems.throwIfAny();
  const part = conf?.sources[0]?.source ?? conf?.sinks[0]?.sink;
  return part?.resolved.values ?? {};
}

function told(text: string, given: Partial<Surroundings>): string[] {
  const { problems } = readFlumeConfs([{ file: 'flume.conf', text }], 'a1', { env: {}, ...given });
  // That half an agent is incomplete is no news here.
  return problems.all
    .filter(({ message }) => !message.startsWith('channel'))
    .map((problem) => problems.format(problem));
}

test('a source takes its key from the environment, and keeps to the versions that are said there', async () => {
  const env = { ...STORE, FLUME_SSL_EXCLUDE_PROTOCOLS: 'SSLv3,TLSv1.3' };
  const agent = Agent.fromText(confOf('sources', ...AVRO_SOURCE), 'flume.conf', { log: silentLogger, env });
  onTestFinished(() => agent.stop());
  await agent.start();
  const socket = tls.connect({ host: '127.0.0.1', port: agent.address('r1')?.port ?? 0, rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  expect(socket.getProtocol()).toBe('TLSv1.2');
  const own = new (await import('node:crypto')).X509Certificate(readFileSync(at('cert.pem')));
  expect(socket.getPeerX509Certificate()?.fingerprint256).toBe(own.fingerprint256);
});

test('a system property wins over the environment, and the file over both', () => {
  const env = { FLUME_SSL_INCLUDE_PROTOCOLS: 'TLSv1.2', ...STORE };
  const system = { 'flume.ssl.include.protocols': 'TLSv1.2,TLSv1.3', 'javax.net.ssl.keyStoreType': 'pkcs12' };
  const values = valuesOf(confOf('sources', ...AVRO_SOURCE), { env, system });
  expect(values).toMatchObject({
    'include-protocols': 'TLSv1.2 TLSv1.3',
    'keystore-type': 'pkcs12',
    keystore: at('store.p12'),
  });
  const own = valuesOf(confOf('sources', ...AVRO_SOURCE, 'include-protocols = TLSv1.3', 'keystore-password = mine'), {
    env,
    system,
  });
  expect(own).toMatchObject({ 'include-protocols': 'TLSv1.3', 'keystore-password': 'mine', keystore: at('store.p12') });
});

test.each([
  ['http', ['type = http', 'port = 1', 'enableSSL = true']],
  ['syslogtcp', ['type = syslogtcp', 'port = 1', 'ssl = TRUE']],
  ['multiport_syslogtcp', ['type = multiport_syslogtcp', 'ports = 1', 'ssl = true']],
])('so does %s', (_type, properties) => {
  expect(valuesOf(confOf('sources', ...properties), { env: STORE })).toMatchObject({ keystore: at('store.p12') });
});

test('a sink takes the certificates to trust', () => {
  const env = { FLUME_SSL_TRUSTSTORE_PATH: at('cert.pem'), FLUME_SSL_EXCLUDE_CIPHERSUITES: 'TLS_AES_256_GCM_SHA384' };
  expect(valuesOf(confOf('sinks', ...AVRO_SINK), { env })).toMatchObject({
    truststore: at('cert.pem'),
    'exclude-cipher-suites': 'TLS_AES_256_GCM_SHA384',
  });
});

test('what the component says in a way of its own is not mixed with it', () => {
  const env = {
    ...STORE,
    FLUME_SSL_TRUSTSTORE_PATH: '/no.jks',
    FLUME_SSL_TRUSTSTORE_TYPE: 'JKS',
    FLUME_SSL_TRUSTSTORE_PASSWORD: 'x',
  };
  const pem = [`certificate = ${at('cert.pem')}`, `key = ${at('key.pem')}`];
  expect(told(confOf('sources', ...AVRO_SOURCE, ...pem), { env })).toEqual([]);
  for (const own of [`ca = ${at('cert.pem')}`, `truststore = ${at('cert.pem')}`, 'trust-all-certs = true'])
    expect(told(confOf('sinks', ...AVRO_SINK, own), { env })).toEqual([]);
  // Without TLS nothing of it counts.
  expect(told(confOf('sinks', ...AVRO_SINK.slice(0, 3)), { env })).toEqual([]);
});

test('what cannot be used is refused, and it is told where it comes from', () => {
  const env = { FLUME_SSL_TRUSTSTORE_PATH: '/no.jks' };
  const system = { 'javax.net.ssl.trustStoreType': 'JKS' };
  const messages = told(confOf('sinks', ...AVRO_SINK), { env, system });
  expect(messages).toHaveLength(2);
  expect(messages.join('\n')).toContain('truststore-type is JKS, expected PEM');
  expect(messages.join('\n')).toContain(
    'sink k1 has properties from outside of the file: truststore (FLUME_SSL_TRUSTSTORE_PATH), truststore-type (-Djavax.net.ssl.trustStoreType)',
  );
});
