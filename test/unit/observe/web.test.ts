/** What strangers may ask of a job's web server, and what it costs the job. */
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/core/log.ts';
import { Page } from '../../../src/observe/web/page.ts';
import { WebServer } from '../../../src/observe/web/server.ts';
import { Rig, type RigOptions } from './rig.ts';

const started = (options: RigOptions = {}): Promise<Rig> => Rig.start((numbers) => numbers.count().print(), options);

/** Sends bytes as they are. @returns all that is answered until the connection ends */
async function raw(port: number, ...parts: readonly string[]): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes.toString();
  });
  socket.on('error', () => {});
  for (const part of parts) socket.write(part);
  // A server that refuses what has not come yet may reset the connection: that is an end, too.
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

const get = (path: string, ...headers: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n');

describe('who may ask', () => {
  it.each([
    ['127.0.0.1:4040', 200],
    ['localhost:4040', 200],
    ['LOCALHOST', 200],
    ['[::1]:4040', 200],
    ['192.168.1.7:4040', 200],
    ['evil.example', 403],
    ['evil.example:4040', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example:80', 403],
    ['localhost:80:80', 400],
    ['', 400],
  ])('with the Host %j is answered %i', async (host, status) => {
    const { port } = await started();
    for (const path of ['/healthz', '/api/v1/applications', '/metrics', '/openapi.json'])
      expect(await raw(port, get(path, `Host: ${host}`))).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  });

  it.each([
    ['http://127.0.0.1:PORT', 200],
    ['http://evil.example', 403],
    ['http://127.0.0.1:1', 403],
    ['null', 403],
    ['nonsense', 403],
  ])('from a page of %j is answered %i', async (origin, status) => {
    const rig = await started();
    const response = await rig.ask('/api/v1/applications', {
      headers: { origin: origin.replace('PORT', String(rig.port)) },
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(null);
  });

  it.each([
    ['cross-site', 'no-cors', 'image', 403],
    ['same-site', 'cors', 'empty', 403],
    ['cross-site', 'navigate', 'iframe', 403],
    ['cross-site', 'navigate', 'object', 403],
    ['cross-site', 'navigate', 'document', 200],
    ['cross-site', 'navigate', undefined, 200],
    ['same-origin', 'cors', 'empty', 200],
    ['none', 'navigate', 'document', 200],
  ])('of a page that is %s, by %s for %s, is answered %i', async (site, mode, dest, status) => {
    const { port } = await started();
    const fetched = [
      `Sec-Fetch-Site: ${site}`,
      `Sec-Fetch-Mode: ${mode}`,
      ...(dest ? [`Sec-Fetch-Dest: ${dest}`] : []),
    ];
    expect(await raw(port, get('/healthz', 'Host: localhost', ...fetched))).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  });

  it('nobody may change anything without the token', async () => {
    const rig = await started();
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const response = await rig.ask('/api/v1/applications', { method, headers: { authorization: 'Bearer ' } });
      expect([method, response.status]).toEqual([method, 403]);
    }
    const guarded = await started({ token: 'secret' });
    const status = async (authorization?: string): Promise<number> =>
      (await guarded.ask('/api/v1/applications', { method: 'POST', headers: authorization ? { authorization } : {} }))
        .status;
    expect([
      await status(),
      await status('Bearer wrong'),
      await status('secret'),
      await status('Bearer secret'),
    ]).toEqual([401, 401, 401, 405]);
    expect((await guarded.ask('/api/v1/applications')).status).toBe(200);
  });
});

describe('what is asked', () => {
  it('leads to no file but those of the page', async () => {
    const page = new Page(
      new Map([
        ['/index.html', { bytes: Buffer.from('<!doctype html>'), type: 'text/html', cache: 'no-cache' }],
        ['/app.js', { bytes: Buffer.from('1'), type: 'text/javascript', cache: 'no-cache' }],
      ]),
    );
    const { port } = await started({ page });
    const status = async (path: string): Promise<string | undefined> =>
      /^HTTP\/1.1 (\d+)/.exec(await raw(port, get(path, 'Host: localhost')))?.[1];
    expect(await Promise.all(['/', '/batches/1000', '/app.js'].map(status))).toEqual(['200', '200', '200']);
    const bad = [
      '/../package.json',
      '/..%2f..%2fetc/passwd',
      '/%2e%2e/package.json',
      '//etc/passwd.txt',
      '/app.js/../../x.json',
      '/a.js%00',
      '/package.json',
    ];
    for (const path of bad) expect([path, await status(path)]).toEqual([path, '404']);
  });

  it('may have no large body', async () => {
    const rig = await started({ token: 'secret' });
    const response = await rig.ask('/api/v1/applications', {
      method: 'POST',
      headers: { authorization: 'Bearer secret' },
      body: 'x'.repeat(100_000),
    });
    expect(response.status).toBe(413);
  });

  it('has an end, however slowly it comes, and head and path have a bound', async () => {
    const { port } = await started({ requestMs: 200 });
    expect(await raw(port, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')).toMatch(/^(HTTP\/1.1 408|$)/);
    expect(await raw(port, get('/', 'Host: localhost', `X-Large: ${'x'.repeat(100_000)}`))).toMatch(
      /^(HTTP\/1.1 431|$)/,
    );
  });

  it('is answered with what tells a browser to be careful', async () => {
    const rig = await started();
    const { headers } = await rig.ask('/healthz');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });
});

describe('its port', () => {
  const options = { host: '127.0.0.1', readyLimitMs: 1, version: '1', log: silentLogger, page: new Page(new Map()) };

  it('is the next free one where nobody asked for it, and an error where somebody did', async () => {
    const rig = await started();
    const next = await WebServer.listen(rig.observer, { ...options, port: rig.port, tries: 16 });
    expect(next.port).toBeGreaterThan(rig.port);
    const other = await WebServer.listen(rig.observer, { ...options, port: rig.port, tries: 0 }).catch(() => undefined);
    expect(other).toBe(undefined);
    const any = await WebServer.listen(rig.observer, { ...options, port: rig.port, tries: next.port - rig.port });
    expect([rig.port, next.port]).not.toContain(any.port);
    await any.close();
    await next.close();
    await expect(WebServer.listen(rig.observer, { ...options, port: rig.port, tries: 0 })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
  });
});
