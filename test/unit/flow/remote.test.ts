/** Receivers on other hosts than the driver: real connections between them, real blocks in a directory that both see, real Avro clients. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { RpcClient } from '../../../src/agent.ts';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { inputKind } from '../../../src/api/elsewhere-received.ts';
import { receiveFor } from '../../../src/api/receive-for.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { PROTOCOL_VERSION } from '../../../src/flow/remote/messages.ts';
import type { SecurityFiles } from '../../../src/flow/remote/security.ts';
import { collectingLogger } from '../../kit/log.ts';
import { freePort, isListening } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';

const CLOSERS: (() => Promise<unknown>)[] = [];
let root = '';
afterEach(async () => {
  for (const close of CLOSERS.splice(0).reverse()) await close();
  rmSync(root, { recursive: true, force: true });
});

/** A driver, hosts that receive for it, and clients that send to them. */
class Site {
  readonly driverPort: number;
  readonly counts = new Map<string, number>();
  readonly lines: ReturnType<typeof collectingLogger>['lines'] = [];
  /** Keeps batches from committing. */
  held: Promise<void> | undefined;
  /** Whether one is kept. */
  isHeld = false;
  ssc: StreamingContext | undefined;

  private constructor(driverPort: number) {
    this.driverPort = driverPort;
  }

  static async open(): Promise<Site> {
    root = mkdtempSync(path.join(tmpdir(), 'streamjob-remote-'));
    mkdirSync(path.join(root, 'storage'));
    return new Site(await freePort());
  }

  get storage(): string {
    return path.join(root, 'storage');
  }

  /** Where in the storage the hosts of this driver write. */
  get received(): string {
    return `receivers/127.0.0.1-${this.driverPort}`;
  }

  async startDriver(options: Partial<StreamingContextOptions> = {}): Promise<StreamingContext> {
    const { log, lines } = collectingLogger();
    (this as { lines: typeof lines }).lines = lines;
    const ssc = new StreamingContext({
      batchInterval: '50ms',
      log,
      write: () => {},
      storage: this.storage,
      receiversAt: `127.0.0.1:${this.driverPort}`,
      checkpointDir: path.join(root, 'checkpoint'),
      ...options,
    });
    ssc
      .flumeStream({ host: '127.0.0.1', port: 1, dedupe: { header: 'id' } })
      .map((event) => event.text())
      .foreachRDD(async (rdd) => {
        this.isHeld = this.held !== undefined;
        await this.held;
        for (const text of await rdd.collect()) this.counts.set(text, (this.counts.get(text) ?? 0) + 1);
      });
    this.ssc = ssc;
    CLOSERS.push(() => ssc.stop({ graceful: false }).catch(() => {}));
    await ssc.start();
    return ssc;
  }

  /** @returns where it receives, and what cuts it off as a kill does */
  async startHost(name: string, { streams = 1, ...security }: SecurityFiles & { readonly streams?: number } = {}) {
    const port = await freePort();
    const { log, lines } = collectingLogger();
    const ssc = new StreamingContext({ batchInterval: '50ms', log, write: () => {}, checkpointDir: false });
    for (let i = 0; i < streams; i++) {
      ssc.flumeStream({ host: '127.0.0.1', port: port + i, dedupe: { header: 'id' } }).print();
    }
    const over = new AbortController();
    const running = receiveFor(ssc, {
      ...{ name, log, clock: systemClock, signal: over.signal, storage: this.storage },
      driver: `127.0.0.1:${this.driverPort}`,
      ...security,
    });
    running.catch(() => {});
    const end = async (): Promise<void> => {
      over.abort();
      await running.catch(() => {});
      await ssc.stop();
    };
    CLOSERS.push(end);
    return { port, end, lines, running };
  }

  async client(port: number, requestTimeout = '20s'): Promise<RpcClient> {
    await until(() => isListening(port));
    const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`], requestTimeout });
    CLOSERS.push(() => client.close());
    return client;
  }

  get attached(): number {
    return this.lines.filter(({ message }) => / is attached, from /.test(message)).length;
  }
}

/** Files of test/fixtures/tls/receivers. */
function certificates(
  name: string,
  authority = 'authority',
): Record<'tlsCertFile' | 'tlsKeyFile' | 'tlsCaFile', string> {
  const file = (base: string): string =>
    fileURLToPath(new URL(`../../fixtures/tls/receivers/${base}.pem`, import.meta.url));
  return { tlsCertFile: file(name), tlsKeyFile: file(`${name}-key`), tlsCaFile: file(authority) };
}

const event = (id: string) => ({ headers: { id }, body: id });
const batch = (from: number, count: number) => Array.from({ length: count }, (_, i) => event(String(from + i)));

describe('receivers on other hosts', () => {
  test('what two hosts receive is acknowledged when its batch has committed, and counts once', async () => {
    const site = await Site.open();
    let release = (): void => {};
    site.held = new Promise((resolve) => {
      release = resolve;
    });
    await site.startDriver();
    const [one, two] = [await site.startHost('r1'), await site.startHost('r2')];
    const [a, b] = [await site.client(one.port), await site.client(two.port)];
    let acknowledged = 0;
    const sent = [a.appendBatch(batch(0, 100)), b.appendBatch(batch(100, 50))].map((each) =>
      each.then(() => acknowledged++),
    );
    await until(() => readdirSync(path.join(site.storage, site.received, 'r2')).length > 0);
    await until(() => site.ssc?.waitingEvents === 0 || acknowledged > 0);
    expect(acknowledged).toBe(0);
    release();
    await Promise.all(sent);
    await until(() => site.counts.size === 150);
    expect([...site.counts.values()].every((count) => count === 1)).toBe(true);
    expect(site.attached).toBe(2);
  });

  test('a host that is lost is not waited for: its client sends to another one, and nothing is lost or counts twice', async () => {
    const site = await Site.open();
    await site.startDriver();
    const [one, two] = [await site.startHost('r1'), await site.startHost('r2')];
    let next = 0;
    let ended = false;
    const sending = (async () => {
      const ports = [one.port, two.port];
      for (let i = 0; !ended; i++) {
        const events = batch(next, 20);
        try {
          const client = await RpcClient.connect({ hosts: [`127.0.0.1:${ports[i % 2]}`], requestTimeout: '5s' });
          try {
            await client.appendBatch(events);
            next += 20;
          } finally {
            await client.close();
          }
        } catch {
          // As Flume's sinks: what was not acknowledged goes to another host.
        }
      }
    })();
    await until(() => next >= 200);
    await one.end();
    const before = next;
    await until(() => next >= before + 200);
    ended = true;
    await sending;
    await until(() => site.counts.size >= next);
    for (let i = 0; i < next; i++) expect(site.counts.get(String(i))).toBe(1);
    expect(site.lines.some(({ message }) => /the receiver r1 is lost/.test(message))).toBe(true);
  });

  test('a host outlives its driver: the next one gets what is sent from then on', async () => {
    const site = await Site.open();
    const first = await site.startDriver();
    const host = await site.startHost('r1');
    const client = await site.client(host.port);
    await client.appendBatch(batch(0, 10));
    await first.stop({ graceful: false });
    await until(() => host.lines.some(({ message }) => /the driver is not there/.test(message)));
    await site.startDriver();
    await until(() => site.attached === 1);
    const again = await site.client(host.port);
    await again.appendBatch(batch(5, 10));
    await until(() => site.counts.size === 15);
    // The ids that the first driver has committed are in its checkpoint.
    expect([...site.counts.values()]).toEqual(Array.from({ length: 15 }, () => 1));
  });

  test.each(['store-on-failure', 'best-effort'] as const)(
    'at %s the driver has what is acknowledged: the host that received it may remove it',
    async (reliability) => {
      const site = await Site.open();
      let release = (): void => {};
      site.held = new Promise((resolve) => {
        release = resolve;
      });
      await site.startDriver({ reliability });
      const host = await site.startHost('r1');
      const client = await site.client(host.port);
      await client.appendBatch(batch(0, 10));
      // What comes now waits for the batch that is held, be it this one or one without events before it.
      await until(() => site.isHeld);
      await client.appendBatch(batch(10, 10));
      await host.end();
      rmSync(path.join(site.storage, site.received), { recursive: true });
      release();
      await until(() => site.counts.size === 20);
    },
  );

  test('what cannot be read for a while is read again, and its peers may take it back meanwhile', async () => {
    const site = await Site.open();
    await site.startDriver();
    const host = await site.startHost('r1');
    const client = await site.client(host.port);
    await client.appendBatch(batch(0, 5));
    const away = path.join(root, 'away');
    renameSync(site.storage, away);
    const cannot = (): number => site.lines.filter(({ message }) => /cannot be read \(attempt/.test(message)).length;
    let acknowledged = 0;
    const sending = client.appendBatch(batch(5, 5)).then(() => acknowledged++);
    await until(() => cannot() >= 2);
    expect(acknowledged).toBe(0);
    renameSync(away, site.storage);
    await sending;
    await until(() => site.counts.size === 10);
    expect([...site.counts.values()].every((count) => count === 1)).toBe(true);
    renameSync(site.storage, away);
    const hasty = await site.client(host.port, '300ms');
    const taken = expect(hasty.appendBatch(batch(10, 5))).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
    const before = cannot();
    await until(() => cannot() > before);
    expect(site.ssc?.waitingEvents).toBe(5);
    await taken;
    await until(() => site.ssc?.waitingEvents === 0);
    renameSync(away, site.storage);
  });

  test('what peers wait for goes back when it could not be read as often as a batch may be run again', async () => {
    const site = await Site.open();
    await site.startDriver({ maxRetries: 1 });
    const host = await site.startHost('r1');
    const client = await site.client(host.port);
    await client.appendBatch(batch(0, 5));
    const away = path.join(root, 'away');
    renameSync(site.storage, away);
    await expect(client.appendBatch(batch(5, 5))).rejects.toThrow();
    renameSync(away, site.storage);
    await client.appendBatch(batch(5, 5));
    await until(() => site.counts.size === 10);
  });

  test("what a host of its name has left is removed, and nothing of another driver's hosts", async () => {
    const site = await Site.open();
    const [left, other] = [path.join(site.received, 'r1/old'), 'receivers/elsewhere-7000/r1/live'].map((name) =>
      path.join(site.storage, name),
    ) as [string, string];
    for (const each of [left, other]) mkdirSync(each, { recursive: true });
    await site.startDriver();
    await site.startHost('r1');
    await until(() => !existsSync(left));
    expect(existsSync(other)).toBe(true);
  });

  test('a host that goes while it is attached is not kept', async () => {
    const site = await Site.open();
    await site.startDriver();
    const directory = 'receivers/here';
    mkdirSync(path.join(site.storage, directory), { recursive: true });
    const inputs = StreamingContext.inputs(site.ssc as StreamingContext).map(inputKind);
    const attach = (name: string): Promise<unknown> => {
      const message = {
        type: 'attach',
        version: PROTOCOL_VERSION,
        name,
        process: name,
        inputs,
        directory,
      };
      const body = Buffer.from(JSON.stringify({ call: 1, message }));
      const head = Buffer.alloc(4);
      head.writeUInt32BE(body.length);
      const socket = connect(site.driverPort, '127.0.0.1', () =>
        socket.write(Buffer.concat([head, body]), () => socket.destroy()),
      );
      return new Promise((resolve) => socket.once('close', resolve));
    };
    await Promise.all(Array.from({ length: 200 }, (_, i) => attach(`r${i}`)));
    const said = (pattern: RegExp): number => site.lines.filter(({ message }) => pattern.test(message)).length;
    await until(() => said(/ is attached, from /) + said(/ was refused: the connection was closed meanwhile/) === 200);
    await until(() => said(/ is lost: /) === said(/ is attached, from /));
  });

  test('one that comes with a name that is taken takes its place', async () => {
    const site = await Site.open();
    await site.startDriver();
    const first = await site.startHost('r1');
    await until(() => site.attached === 1);
    const second = await site.startHost('r1');
    const client = await site.client(second.port);
    await client.appendBatch(batch(0, 5));
    await until(() => site.counts.size === 5);
    expect(site.lines.some(({ message }) => /another receiver of the name r1 has taken its place/.test(message))).toBe(
      true,
    );
    // It does not take it back.
    await expect(first.running).rejects.toMatchObject({
      code: 'HANDSHAKE_FAILED',
      message: expect.stringMatching(/another receiver of the name r1 has taken its place/),
    });
    expect(site.attached).toBe(2);
  });

  test('a host of another job is refused, for good', async () => {
    const site = await Site.open();
    await site.startDriver();
    const host = await site.startHost('r1', { streams: 2 });
    await expect(host.running).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED', message: /has other inputs/ });
  });

  test('who does not know the secret is not talked to; who does is, and what they say is encrypted', async () => {
    const site = await Site.open();
    const [right, wrong] = [path.join(root, 'right'), path.join(root, 'wrong')];
    writeFileSync(right, 'a secret of some length');
    writeFileSync(wrong, 'another one, of some length');
    await site.startDriver({ secretFile: right });
    const stranger = await site.startHost('stranger', { secretFile: wrong });
    await until(() => stranger.lines.some(({ message }) => /the driver is not there/.test(message)));
    const plain = await site.startHost('plain');
    await until(() => plain.lines.some(({ message }) => /the driver is not there/.test(message)));
    const host = await site.startHost('r1', { secretFile: right });
    const client = await site.client(host.port);
    await client.appendBatch(batch(0, 5));
    await until(() => site.counts.size === 5);
    expect(site.attached).toBe(1);
    expect(await isListening(stranger.port)).toBe(false);
  });

  test('with certificates each side shows its own, of an authority that the other one trusts', async () => {
    const site = await Site.open();
    await site.startDriver(certificates('driver'));
    const refused = /the driver is not there/;
    const [plain, secret] = [await site.startHost('plain'), path.join(root, 'secret')];
    writeFileSync(secret, 'a secret of some length');
    const hosts = [
      plain,
      await site.startHost('with-a-secret', { secretFile: secret }),
      await site.startHost('stranger', certificates('stranger')),
      await site.startHost('mistrusts', certificates('host', 'stranger-authority')),
    ];
    for (const { lines } of hosts) await until(() => lines.some(({ message }) => refused.test(message)));
    const host = await site.startHost('r1', certificates('host'));
    const client = await site.client(host.port);
    await client.appendBatch(batch(0, 5));
    await until(() => site.counts.size === 5);
    expect(site.attached).toBe(1);
  });

  test('a driver is known by the host that its certificate names', async () => {
    const site = await Site.open();
    // Of the same authority, but its name is another one.
    await site.startDriver(certificates('host'));
    const host = await site.startHost('r1', certificates('host'));
    await until(() => host.lines.some(({ message }) => /Hostname\/IP does not match/.test(message)));
    expect(site.attached).toBe(0);
  });

  test('a certificate that is renewed is shown to those that come', async () => {
    const site = await Site.open();
    const own = certificates('stranger', 'authority');
    const renewed = Object.fromEntries(Object.keys(own).map((option) => [option, path.join(root, option)]));
    const renew = (files: Readonly<Record<string, string>>): void => {
      for (const [option, file] of Object.entries(files)) copyFileSync(file, renewed[option] ?? '');
    };
    renew(own);
    await site.startDriver(renewed);
    const host = await site.startHost('r1', certificates('host'));
    await until(() => host.lines.some(({ message }) => /the driver is not there/.test(message)));
    renew(certificates('driver'));
    await until(() => site.attached === 1);
  });

  test.each([
    [{ tlsCertFile: 'c.pem' }, /needs its key/],
    [{ tlsCertFile: 'c.pem', tlsKeyFile: 'k.pem', tlsCaFile: 'a.pem', secretFile: 's' }, /a secret and a certificate/],
    [{ ...certificates('driver'), tlsKeyFile: certificates('host').tlsKeyFile }, /no certificate with its key/],
    [{ ...certificates('driver'), tlsCaFile: '/nowhere/ca.pem' }, /cannot read a certificate/],
  ])('what cannot be is refused at the start: %j', async (files, message) => {
    const site = await Site.open();
    await expect(site.startDriver(files)).rejects.toMatchObject({ message: expect.stringMatching(message) });
    await expect((await site.startHost('r1', files)).running).rejects.toMatchObject({
      message: expect.stringMatching(message),
    });
  });

  test('without a secret a driver listens on this machine only', async () => {
    const site = await Site.open();
    await expect(site.startDriver({ receiversAt: `0.0.0.0:${site.driverPort}` })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/no secret/),
    });
  });

  test('what is no message ends the connection, and nothing else', async () => {
    const site = await Site.open();
    await site.startDriver();
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([0, 0, 0, 2, 0x7b, 0x7b]),
      Buffer.alloc(9),
    ]) {
      const socket = connect(site.driverPort, '127.0.0.1');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => {});
      socket.end(bytes);
      await closed;
    }
    const host = await site.startHost('r1');
    const client = await site.client(host.port);
    await client.appendBatch(batch(0, 5));
    await until(() => site.counts.size === 5);
  });
});
