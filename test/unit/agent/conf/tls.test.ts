/** What the TLS properties of Avro sources and sinks promise: each one that is taken has an effect, the others are refused with their line. */
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { opensslSuite } from '../../../../src/agent/component/tls-suites.ts';
import { readFlumeConf } from '../../../../src/agent/conf/flume-conf.ts';
import { Agent, silentLogger } from '../../../../src/agent.ts';
import { until } from '../../../kit/until.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
const CERTIFICATE = [`certificate = ${path('cert.pem')}`, `key = ${path('key.pem')}`];

function sourceConf(...properties: string[]): string {
  const lines = ['a1.sources = r1', 'a1.channels = c1', 'a1.channels.c1.type = memory', 'a1.sources.r1.channels = c1'];
  const own = ['type = avro', 'bind = 127.0.0.1', 'port = 0', 'ssl = true', ...properties];
  return [...lines, ...own.map((line) => `a1.sources.r1.${line}`)].join('\n');
}

function sinkConf(port: number, ...properties: string[]): string {
  const lines = ['a1.sinks = k1', 'a1.channels = c1', 'a1.channels.c1.type = memory', 'a1.sinks.k1.channel = c1'];
  const own = ['type = avro', 'hostname = 127.0.0.1', `port = ${port}`, 'ssl = true', ...properties];
  return [...lines, ...own.map((line) => `a1.sinks.k1.${line}`)].join('\n');
}

async function start(text: string): Promise<Agent> {
  const agent = Agent.fromText(text, 'test.conf', { log: silentLogger });
  onTestFinished(() => agent.stop());
  await agent.start();
  return agent;
}

/** What a client comes to with a source: version and suite (Java's name), or 'none'. */
async function negotiated(port: number, client: tls.ConnectionOptions = {}): Promise<string> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...client });
  return new Promise((resolve) => {
    socket.once('secureConnect', () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().standardName}`);
      socket.destroy();
    });
    socket.once('error', () => resolve('none'));
    socket.once('close', () => resolve('none'));
  });
}

async function withSource(properties: string[], client: tls.ConnectionOptions = {}): Promise<string> {
  const agent = await start(sourceConf(...CERTIFICATE, ...properties));
  return negotiated(agent.address('r1')?.port ?? 0, client);
}

const OLD = { maxVersion: 'TLSv1.2' } as const;
const SUITE = 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA';

describe('an Avro source', () => {
  it.each([
    [[], {}, 'TLSv1.3 TLS_AES_256_GCM_SHA384'],
    [['exclude-protocols = TLSv1.3'], {}, 'TLSv1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    [['include-protocols = TLSv1.3'], OLD, 'none'],
    [
      ['include-protocols = TLSv1.1 TLSv1.2'],
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      `TLSv1.1 ${SUITE}`,
    ],
    [[`include-cipher-suites = ${SUITE}`], {}, `TLSv1.2 ${SUITE}`],
    [['include-cipher-suites = ECDHE-RSA-AES256-SHA TLS_AES_128_GCM_SHA256'], {}, 'TLSv1.3 TLS_AES_128_GCM_SHA256'],
    [['include-cipher-suites = TLS_AES_128_GCM_SHA256'], OLD, 'none'],
    [
      ['exclude-cipher-suites = TLS_AES_256_GCM_SHA384 SSL_RSA_WITH_RC4_128_MD5'],
      {},
      'TLSv1.3 TLS_CHACHA20_POLY1305_SHA256',
    ],
    [
      ['exclude-cipher-suites = TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256'],
      {},
      'TLSv1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    ],
    [
      ['exclude-cipher-suites = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
      OLD,
      'TLSv1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    ],
    [
      ['exclude-cipher-suites = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
      { ...OLD, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
      'none',
    ],
  ] as const)('with %j', async (properties, client, expected) => {
    expect(await withSource([...properties], client)).toBe(expected);
  });
});

it('an Avro sink keeps to the versions and suites that it is told', async () => {
  const { readFileSync } = await import('node:fs');
  const seen: string[] = [];
  const server = tls.createServer(
    { key: readFileSync(path('key.pem')), cert: readFileSync(path('cert.pem')) },
    (socket) => {
      seen.push(`${socket.getProtocol()} ${socket.getCipher().standardName}`);
      socket.destroy();
    },
  );
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await start(
    sinkConf(port, 'trust-all-certs = true', 'exclude-protocols = TLSv1.3', `include-cipher-suites = ${SUITE}`),
  );
  await until(() => seen.length > 0);
  expect(seen[0]).toBe(`TLSv1.2 ${SUITE}`);
});

describe('what has no effect, or cannot have one, is refused with its line', () => {
  const told = (text: string): string[] => {
    const { problems } = readFlumeConf(text, 'flume.conf', 'a1', {});
    return problems.errors.map((error) => problems.format(error));
  };

  it.each([
    ['include-protocols = TLSv1.4', /include-protocols has TLSv1\.4, expected some of TLSv1, /],
    ['exclude-protocols = tls1.2', /exclude-protocols has tls1\.2/],
    ['exclude-protocols = TLSv1.2 TLSv1.3', /exclude-protocols leaves no TLS version/],
    ['include-protocols = TLSv1.1 TLSv1.3', /include-protocols leaves a gap/],
    ['include-cipher-suites = AES', /include-cipher-suites has AES, expected names of cipher suites/],
    ['include-cipher-suites = SSL_RSA_WITH_RC4_128_MD5', /include-cipher-suites leaves no cipher suite/],
    ['exclude-cipher-suites = TLS_AES_128_GCM_SHA25', /exclude-cipher-suites has TLS_AES_128_GCM_SHA25/],
    ['keystore-type = BKS', /keystore-type is BKS, expected PKCS12/],
    ['keystore = store.p12', /keystore|certificate is given beside keystore/],
    ['ipFilterRules = allow:all', /ipFilterRules cannot be used/],
  ])('source: %s', (property, expected) => {
    const errors = told(sourceConf(...CERTIFICATE, property));
    expect(errors).toEqual([expect.stringMatching(expected)]);
    expect(errors[0]).toMatch(property.startsWith('keystore =') ? /^flume\.conf:9: / : /^flume\.conf:11: /);
  });

  it.each([
    ['truststore-type = JKS', /truststore-type is JKS, expected PEM: keytool/],
    ['truststore-password = secret', /truststore-password is set, but a PEM file/],
    ['include-cipher-suites = TLS_NO_SUCH_SUITE', /include-cipher-suites has TLS_NO_SUCH_SUITE/],
  ])('sink: %s', (property, expected) => {
    const errors = told(sinkConf(1, `truststore = ${path('cert.pem')}`, property));
    expect(errors).toEqual([expect.stringMatching(expected)]);
    expect(errors[0]).toMatch(/^flume\.conf:10: /);
  });

  it('a key without its certificate, a certificate without its key, TLS without either', () => {
    expect(told(sourceConf('key = k.pem'))).toEqual([expect.stringMatching(/:9: .*key needs certificate/)]);
    expect(told(sourceConf('certificate = c.pem'))).toEqual([expect.stringMatching(/:9: .*certificate needs key/)]);
    expect(told(sourceConf())).toEqual([expect.stringMatching(/:8: .*ssl is true, which needs/)]);
  });
});

it("knows Java's names of cipher suites", () => {
  expect(opensslSuite('TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256')).toBe('ECDHE-ECDSA-CHACHA20-POLY1305');
  expect(opensslSuite('TLS_RSA_WITH_AES_128_CBC_SHA')).toBe('AES128-SHA');
  expect(opensslSuite('TLS_DHE_RSA_WITH_AES_256_CBC_SHA256')).toBe('DHE-RSA-AES256-SHA256');
  expect(opensslSuite('ECDHE-RSA-AES128-SHA')).toBe('ECDHE-RSA-AES128-SHA');
  expect(opensslSuite('SSL_RSA_WITH_3DES_EDE_CBC_SHA')).toBe('');
  expect(opensslSuite('SSL_RSA_EXPORT_WITH_DES40_CBC_SHA')).toBe('');
  expect(opensslSuite('TLS_RSA_WITH_AES_128_XYZ_SHA')).toBeUndefined();
});
