/** A recording: one file with the page and what it asks for, whatever the data is. */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { silentLogger } from '../../../src/core/log.ts';
import { LogTail } from '../../../src/observe/log-tail.ts';
import { MASK } from '../../../src/observe/secrets.ts';
import { Page } from '../../../src/observe/web/page.ts';
import { embedded, recordingName, recordingOf } from '../../../src/observe/web/recording.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { Rig, type RigOptions } from './rig.ts';

const JOB = '/api/v1/applications/job';
const HOSTILE = '</script><script>alert(1)</script><!--\u2028\u2029&amp;';
const asset = (text: string, type: string) => ({ bytes: Buffer.from(text), type, cache: '' });
const page = new Page(
  new Map([
    [
      '/index.html',
      asset(
        '<head><link rel="stylesheet" href="/main-A.css" /><script type="module" src="/main-B.js"></script></head><body><div id="page"></div></body>',
        'text/html',
      ),
    ],
    ['/main-A.css', asset('b::after { content: "</style>$&" }', 'text/css')],
    ['/main-B.js', asset('const end = "</script>", open = "<!--", group = "$&";', 'text/javascript')],
  ]),
);

interface Recording {
  readonly head: Readonly<Record<string, unknown>>;
  readonly answers: Readonly<Record<string, unknown>>;
}

/** What the file holds, as a browser finds it: an element ends at the first text that ends it. */
function dataOf(html: string): Recording {
  const [, json = ''] = /<script type="application\/json" id="recording">(.*?)<\/script>/s.exec(html) ?? [];
  return JSON.parse(json) as Recording;
}

async function recorded(rig: Rig, query = ''): Promise<{ readonly html: string; readonly data: Recording }> {
  const response = await rig.ask(`/recording.html${query}`);
  expect(response.status).toBe(200);
  const html = await response.text();
  return { html, data: dataOf(html) };
}

async function hostileRig(options: RigOptions = {}): Promise<Rig> {
  const tail = new LogTail({ now: () => 0 });
  const rig = await Rig.start(
    (numbers) =>
      numbers
        .map((n) => {
          if (n > 1) throw new Error(HOSTILE);
          return n;
        })
        .count()
        .print(),
    { page, tail, onPoison: 'skip', deadLetterFile: path.join(ownDirectory(), 'dead.jsonl'), ...options },
  );
  tail.over(silentLogger).error({}, `${HOSTILE} password=hunter2`);
  await rig.batch(1, 2, 3);
  return rig;
}

describe('a recording', () => {
  it('comes to its end where an answer cannot be had: it is not in it', async () => {
    const agent = (): never => {
      throw new Error('no');
    };
    const { data } = await recorded(await hostileRig({ agent }));
    expect(data.answers[`${JOB}/agent`]).toBeUndefined();
    expect(data.answers[`${JOB}/batches/1000`]).toMatchObject({ time: 1000 });
  });

  it('has what the endpoints answer, and all of it is JSON, whatever stands in it', async () => {
    const rig = await hostileRig();
    const { data, html } = await recorded(rig);
    expect(data.head).toEqual({ recordedAt: 1000, version: '1.2.3', job: 'job', withEvents: true });
    const once = [
      'overview',
      'timeline',
      'graph',
      'receivers',
      'cluster',
      'states',
      'settings',
      'versions',
      'agent',
      'peers',
    ];
    for (const name of once) expect(data.answers[`${JOB}/${name}`], name).toEqual(await rig.json(`${JOB}/${name}`));
    expect(data.answers[`${JOB}/batches/1000`]).toEqual(await rig.json(`${JOB}/batches/1000`));
    expect(data.answers[`${JOB}/graph/load?batch=1000`]).toEqual(await rig.json(`${JOB}/graph/load?batch=1000`));
    expect(data.answers[`${JOB}/deadletters`]).toMatchObject({ groups: [{ message: HOSTILE }] });
    expect(data.answers[`${JOB}/log`]).toMatchObject([{ message: `${HOSTILE} password=${MASK}` }]);
    expect(html).not.toContain('hunter2');
    // The two elements of the page, and none that the data has made.
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script/g)).toHaveLength(2);
    expect(html).not.toMatch(/[\u2028\u2029]|<!--/);
  });

  it('has the style and the script of the page as they are, but for what would end their elements', async () => {
    const { html } = await recorded(await hostileRig());
    expect(html).toContain('<style>b::after { content: "<\\/style>$&" }</style>');
    expect(html).toContain('const end = "<\\/script>", open = "<\\!--", group = "$&";</script></body>');
    expect(html).not.toContain('main-A.css');
  });

  it('is a file to be saved, with a name of its own', async () => {
    const { headers } = await (await hostileRig()).ask('/recording.html');
    expect(headers.get('content-disposition')).toBe('attachment; filename="job-1970-01-01T00-00-01.html"');
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(recordingName('word "count"/ä', 0)).toBe('word_count_-1970-01-01T00-00-00.html');
  });

  it('leaves the events of dead letters out where that is asked for', async () => {
    const rig = await hostileRig();
    const withEvents = JSON.stringify((await recorded(rig)).data.answers[`${JOB}/deadletters`]);
    const { data } = await recorded(rig, '?events=no');
    expect(withEvents).toContain('"text":"3"');
    expect(data.head).toMatchObject({ withEvents: false });
    expect(data.answers[`${JOB}/deadletters`]).toMatchObject({ groups: [{ values: 2, examples: [] }] });
  });

  it('is bounded: of batches, those that failed go first, then the newest', async () => {
    let fails = true;
    const rig = await Rig.start((numbers) =>
      numbers.foreachRDD(async (rdd) => {
        if (fails && (await rdd.count()) === 2) {
          fails = false;
          throw new Error('once');
        }
      }),
    );
    rig.push([1, 2]);
    rig.clock.advance(1000);
    const { history } = rig.observer;
    while (history.batch(1000)?.failures.length !== 1) await new Promise(setImmediate);
    rig.clock.advance(100);
    while (history.totals.batches !== 1) await new Promise(setImmediate);
    for (const time of [2000, 3000, 4000]) {
      rig.push([1]);
      rig.clock.advance(time - rig.clock.now());
      while (history.batch(time)?.status !== 'COMPLETED') await new Promise(setImmediate);
    }
    const timesIn = async (mostBatchBytes: number): Promise<number[]> => {
      let html = '';
      for await (const text of recordingOf(page, rig.observer, { version: '1', withEvents: true, mostBatchBytes }) ??
        [])
        html += text;
      return Object.keys(dataOf(html).answers)
        .map((asked) => Number(/\/batches\/(\d+)$/.exec(asked)?.[1] ?? 0))
        .filter((time) => time > 0);
    };
    expect(await timesIn(1_000_000)).toEqual([1000, 4000, 3000, 2000]);
    const all = JSON.stringify(await rig.json(`${JOB}/batches/1000`)).length;
    const few = await timesIn(all * 3);
    expect([few[0], few.length < 4]).toEqual([1000, true]);
    expect(await timesIn(10)).toEqual([]);
  });

  it('is none where the page was not built', async () => {
    const rig = await Rig.start((numbers) => numbers.print());
    const response = await rig.ask('/recording.html');
    expect([response.status, await response.json()]).toEqual([404, { error: 'the page was not built: npm run build' }]);
  });
});

test('JSON that is embedded is the same JSON', () => {
  const value = { [HOSTILE]: [HOSTILE, 1, null] };
  expect(JSON.parse(embedded(value))).toEqual(value);
  expect(embedded(value)).not.toMatch(/[<>&\u2028\u2029]/);
});

test('the page that is built can be made a recording of', () => {
  const built = new URL('../../../dist/ui/', import.meta.url);
  if (!fs.existsSync(built)) return;
  const html = fs.readFileSync(new URL('index.html', built), 'utf8');
  expect(html).toMatch(/<link rel="stylesheet" href="\/main-\w+\.css" \/>/);
  expect(html).toMatch(/<script type="module" src="\/main-\w+\.js"><\/script>/);
});
