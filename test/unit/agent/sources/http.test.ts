/** The http source: what is answered, what becomes of bodies, and that nothing is answered 200 before the channels have it. */
import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { Charset } from '../../../../src/agent/component/charset/charset.ts';
import { httpSource } from '../../../../src/agent/sources/http.ts';
import { type Rig, rig } from './rig.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function started(properties: Record<string, string | number> = {}, capacity = 1000): Promise<Rig> {
  const made = await rig(httpSource, { bind: '127.0.0.1', port: 0, ...properties }, { capacity });
  await made.source.start();
  ends.push(() => made.source.stop());
  return made;
}

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly contentType?: string;
}

function send(
  { source }: Rig,
  body: string | Buffer,
  { method = 'POST', path = '/', contentType = 'application/json' }: Sent = {},
) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const request = http.request({
      host: '127.0.0.1',
      port: source.address?.port,
      method,
      path,
      headers: { 'content-type': contentType, 'content-length': Buffer.byteLength(body) },
    });
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.end(body);
  });
}

const plain = async (made: Rig) =>
  (await made.takeAll()).map(({ body, headers }) => [headers, Buffer.from(body).toString()]);

describe('JSON', () => {
  it('is an array of events, by POST and by GET, at any path', async () => {
    const made = await started();
    const body = '[{"headers":{"a":"b","n":1,"t":true,"none":null},"body":"x"},{"headers":{"e":"f"}},{"body":5},{}]';
    expect(await send(made, body)).toEqual({ status: 200, text: '' });
    expect(await plain(made)).toEqual([
      [{ a: 'b', n: '1', t: 'true' }, 'x'],
      [{ e: 'f' }, ''],
      [{}, '5'],
      [{}, ''],
    ]);
    expect((await send(made, '[{"body":"y"}]', { method: 'GET', path: '/some/where?x=1' })).status).toBe(200);
    expect((await send(made, '[]')).status).toBe(200);
    expect(await plain(made)).toEqual([[{}, 'y']]);
    expect(made.counters).toMatchObject({ EventAcceptedCount: 5, AppendBatchAcceptedCount: 3, EventReadFail: 0 });
  });

  it.each(['utf-16', 'UTF-32'])('keeps bodies in %s', async (charset) => {
    const made = await started();
    const set = Charset.find(charset) as Charset;
    const sent = await send(made, set.encode('[{"body":"é"}]'), {
      contentType: `application/json; charset=${charset}`,
    });
    expect(sent.status).toBe(200);
    const [event] = await made.takeAll();
    expect(Buffer.from(event?.body ?? [])).toEqual(set.encode('é'));
  });

  it.each([
    ['[{"a": "b",["d":"e"]]', 400, 'not JSON'],
    ['{"body":"x"}', 400, 'not an array'],
    ['[null]', 400, 'event 0 is no object'],
    ['[{"body":{}}]', 400, 'the body of event 0 is no text'],
    ['[{"headers":{"a":[]}}]', 400, 'header a of event 0 is no text'],
    ['', 500, 'no body'],
  ])('%j is answered %i', async (body, status, why) => {
    const made = await started();
    const answer = await send(made, body);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(why);
    expect(made.counters.EventReadFail).toBe(1);
    expect(await plain(made)).toEqual([]);
  });

  it('in another charset is answered 500, and bytes that are none of its charset 400', async () => {
    const made = await started();
    expect((await send(made, '[]', { contentType: 'application/json; charset=ISO-8859-1' })).status).toBe(500);
    expect((await send(made, Buffer.of(0x5b, 0xff, 0x5d))).status).toBe(400);
  });
});

describe('BLOB', () => {
  it('is one event, whose headers are the parameters', async () => {
    const made = await started({
      handler: 'org.apache.flume.source.http.BLOBHandler',
      'handler.mandatoryParameters': 'a',
    });
    expect((await send(made, Buffer.of(0, 255), { path: '/?a=1&b=%20x&a=2' })).status).toBe(200);
    const [event] = await made.takeAll();
    expect([event?.headers, Buffer.from(event?.body ?? [])]).toEqual([{ a: '1', b: ' x' }, Buffer.of(0, 255)]);
    expect((await send(made, 'x', { path: '/?b=1' })).text).toContain('the parameter a is missing');
  });

  it('of the morphline module is cut, with its type', async () => {
    const made = await started({
      handler: 'org.apache.flume.sink.solr.morphline.BlobHandler',
      'handler.maxBlobLength': 3,
    });
    await send(made, 'abcdef', { contentType: 'text/x' });
    expect(await plain(made)).toEqual([[{ 'content-type': 'text/x' }, 'abc']]);
  });
});

describe('requests', () => {
  it.each([
    ['TRACE', 403],
    ['OPTIONS', 403],
    ['PUT', 405],
    ['DELETE', 405],
  ])('%s is answered %i', async (method, status) => {
    expect((await send(await started(), '', { method })).status).toBe(status);
  });

  it('are answered 503 when the channel is full, all or nothing, and taken when there is room', async () => {
    const made = await started({}, 2);
    expect((await send(made, '[{},{},{}]')).status).toBe(503);
    expect(await plain(made)).toEqual([]);
    expect((await send(made, '[{},{}]')).status).toBe(200);
    expect((await send(made, '[{}]')).status).toBe(503);
    expect(made.counters.ChannelWriteFail).toBe(2);
    await made.takeAll();
    expect((await send(made, '[{}]')).status).toBe(200);
  });

  it('that are too large are answered 413, and 503 when all together are; there is room again behind them', async () => {
    const made = await started({ maxRequestBytes: 100, maxPendingBytes: 50 });
    expect((await send(made, `["${'x'.repeat(200)}"]`).catch(() => ({ status: 413 }))).status).toBe(413);
    expect((await send(made, `["${'x'.repeat(60)}"]`)).status).toBe(503);
    for (let i = 0; i < 10; i++) expect((await send(made, '[{"body":"0123456789"}]')).status).toBe(200);
  });

  it('that have arrived are answered when the source stops', async () => {
    const made = await started();
    const answers = Array.from({ length: 20 }, (_, i) =>
      send(made, `[{"body":"${i}"}]`).then(
        ({ status }) => status,
        () => 0,
      ),
    );
    await Promise.race(answers);
    await made.source.stop();
    const told = (await Promise.all(answers)).filter((status) => status === 200).length;
    // Each one that was told has its event in the channel.
    expect((await made.takeAll()).length).toBeGreaterThanOrEqual(told);
  });

  it('that come without end do not hold the stop', async () => {
    const made = await started();
    const request = http.request({ host: '127.0.0.1', port: made.source.address?.port, method: 'POST' });
    request.on('error', () => {});
    request.write('[');
    await new Promise((resolve) => request.once('socket', (socket) => socket.once('connect', resolve)));
    await made.source.stop();
    request.destroy();
  });
});
