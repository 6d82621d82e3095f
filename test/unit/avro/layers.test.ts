import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AvroRpcClient } from '../../../src/avro/client.ts';
import type { Compression } from '../../../src/avro/layers.ts';
import {
  decodeEvents,
  decodeStatus,
  encodeAppend,
  encodeStatus,
  type FlumeMessage,
  flumeProtocol,
} from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { collectingLogger } from '../../kit/log.ts';

const key = readFileSync(new URL('../../fixtures/tls/key.pem', import.meta.url));
const cert = readFileSync(new URL('../../fixtures/tls/cert.pem', import.meta.url));

async function withServer<T>(
  options: { tls?: boolean; compression?: Compression },
  use: (port: number, bodies: string[], lines: ReturnType<typeof collectingLogger>['lines']) => Promise<T>,
): Promise<T> {
  const bodies: string[] = [];
  const { log, lines } = collectingLogger();
  const server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port: 0,
    protocol: flumeProtocol,
    owner: 'test',
    log,
    ...(options.tls === true ? { tls: { key, cert } } : {}),
    compression: options.compression,
    onRequest: (request) => {
      for (const event of decodeEvents(request.message as FlumeMessage, request.params).toArray())
        bodies.push(event.text());
      request.reply(encodeStatus('OK'));
    },
  });
  try {
    return await use(server.address.port, bodies, lines);
  } finally {
    await server.close();
  }
}

const TLS = { ca: cert, rejectUnauthorized: true } as const;
const LAYERS = [
  ['plain', { compression: 'none' }, false],
  ['deflate', { compression: 'deflate' }, false],
  ['deflate level 0', { compression: 'deflate', compressionLevel: 0 }, false],
  ['TLS', { tls: TLS }, true],
  ['zlib outermost, TLS inside (Flume 1.10 and later)', { compression: 'deflate', tls: TLS }, true],
  [
    'TLS outermost, zlib inside (Flume 1.9 and before)',
    { compression: 'deflate', tls: { ...TLS, layering: 'flume-1.9' } },
    true,
  ],
] as const;

describe.each(LAYERS)('%s', (_, layers, tls) => {
  test('events of any size come through, and their answers', async () => {
    await withServer({ tls }, async (port, bodies) => {
      const client = await AvroRpcClient.connect({ host: '127.0.0.1', port, protocol: flumeProtocol, ...layers });
      const sent = ['', 'a', 'b'.repeat(100), 'c'.repeat(300_000)];
      for (const body of sent) {
        const event = { headers: { k: 'v' }, body: Buffer.from(body) };
        expect(decodeStatus(await client.call('append', encodeAppend(event), 10_000))).toBe('OK');
      }
      await client.close();
      expect(bodies).toEqual(sent);
    });
  });
});

test('a peer without TLS is closed where TLS is demanded', async () => {
  await withServer({ tls: true }, async (port, _, lines) => {
    const connecting = AvroRpcClient.connect({ host: '127.0.0.1', port, protocol: flumeProtocol });
    await expect(connecting).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    expect(lines[0]?.message).toContain('no TLS');
  });
});

test('a client that does not trust the certificate says so', async () => {
  await withServer({ tls: true }, async (port) => {
    const connecting = AvroRpcClient.connect({
      host: '127.0.0.1',
      port,
      protocol: flumeProtocol,
      tls: { rejectUnauthorized: true },
    });
    await expect(connecting).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('self-signed'),
    });
  });
});

test('a compressed peer is closed where compression is refused', async () => {
  await withServer({ compression: 'none' }, async (port, _, lines) => {
    const connecting = AvroRpcClient.connect({
      host: '127.0.0.1',
      port,
      protocol: flumeProtocol,
      compression: 'deflate',
    });
    await expect(connecting).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    expect(lines[0]?.message).toContain('compression is set to none');
  });
});
