/** What `top` and `tap` do about URLs that lead to no job, to a proxy, or to somebody who means harm. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { JobAt } from '../../../src/cli/job-at.ts';
import { StreamjobError } from '../../../src/core/errors.ts';
import { runCli } from '../../kit/cli.ts';

const JOB = JSON.stringify([{ name: 'job' }]);

/** A server that answers so, by path. @returns host and port, and the requests that came */
async function serverOf(
  answer: (path: string) => string,
): Promise<{ readonly at: string; readonly asked: http.IncomingMessage[] }> {
  const asked: http.IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    asked.push(request);
    response.end(answer(request.url ?? ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { at: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const jobOr = (text: string) => (path: string) => (path.endsWith('/applications') ? JOB : text);

async function eventsOf(url: string): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const { data } of new JobAt(url).events('tap/0', new AbortController().signal)) events.push(data);
  return events;
}

describe('what is no job', { timeout: 60_000 }, () => {
  it.each(['<html>', 'null', '[]', '[1]', '{}', '[{}]', '{"error":"no"}'])('%s: is said in words', async (text) => {
    const { at } = await serverOf(() => text);
    const job = new JobAt(at);
    const code = expect.objectContaining({ code: 'CONNECT_FAILED' });
    await expect(job.ask('graph', () => true)).rejects.toEqual(code);
    await expect(eventsOf(at)).rejects.toEqual(code);
  });

  it.each(['null', '1', '{}', '[]', '{"operators":1}'])('an answer %s ends tap and top in words', async (text) => {
    const { at } = await serverOf(jobOr(text));
    for (const command of ['tap', 'top']) {
      const { code, stderr } = await runCli([command, at]);
      expect([command, code, stderr.split(':')[0]]).toEqual([command, 1, 'CONNECT_FAILED']);
    }
  });

  it('events that are none end it in words, and other data is left out', async () => {
    const broken = await serverOf(jobOr('event: tap\ndata: {no\n\n'));
    await expect(eventsOf(broken.at)).rejects.toEqual(expect.objectContaining({ code: 'CONNECT_FAILED' }));
    const other = await serverOf(jobOr('event: tap\ndata: null\n\nevent: tap\ndata: {"count":1}\n\n'));
    const { code, stderr } = await runCli(['tap', other.at, '0', '--batches', '1']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('the job has ended')]);
  });

  it('an event without an end is not kept without one', async () => {
    const { at } = await serverOf(jobOr('x'.repeat(17 * 1024 * 1024)));
    await expect(eventsOf(at)).rejects.toThrow('an event is too long');
  });

  it('what it calls its operators does not steer the terminal', async () => {
    const { at } = await serverOf(jobOr(JSON.stringify({ operators: [{ id: 0, name: '\u001b[2J', site: '\u009b' }] })));
    expect((await runCli(['tap', at])).stdout).toBe('0 \\u001b[2J (\\u009b)\n');
  });
});

describe('a URL', () => {
  it('may have a name and a password, for a proxy: they are sent to it, and shown nowhere', async () => {
    const { asked, at } = await serverOf(jobOr('{}'));
    const job = new JobAt(`http://ann:p%40ss@${at}`);
    await job.ask('graph', () => true);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(
      Array.from({ length: 2 }, () => `Basic ${Buffer.from('ann:p@ss').toString('base64')}`),
    );
    const error: unknown = await job.ask('graph', () => false).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StreamjobError);
    expect(String(error)).not.toMatch(/p@ss|p%40ss/);
  });

  it('may have a path, with or without a slash behind it', async () => {
    const { asked, at } = await serverOf(jobOr('{}'));
    for (const url of [`${at}/jobs/one`, `http://${at}/jobs/one/`]) await new JobAt(url).ask('graph', () => true);
    const paths = ['/jobs/one/api/v1/applications', '/jobs/one/api/v1/applications/job/graph'];
    expect(asked.map(({ url }) => url)).toEqual([...paths, ...paths]);
  });

  it.each(['', 'file:///etc/passwd', 'http://', 'ftp://x', 'http://a:secret@b:x'])('%j is refused', (url) => {
    expect(() => new JobAt(url)).toThrow('this is no URL');
    expect(() => new JobAt(url)).not.toThrow('secret');
  });
});
