/** What `streamjob tap` shows of a job that runs, and what it says when there is nothing to show. */
import { describe, expect, it } from 'vitest';
import { runCli, startCli } from '../../kit/cli.ts';
import { until } from '../../kit/until.ts';
import { Rig } from '../observe/rig.ts';

const job = (): Promise<Rig> =>
  Rig.start((numbers) => {
    numbers
      .map((n) => ({ n, text: '\u009b2J\u001b[2J\u2028' }))
      .filter(({ n }) => n > 1)
      .print();
  });

describe('streamjob tap', { timeout: 60_000 }, () => {
  it('lists the operators', async () => {
    const rig = await job();
    const { code, stdout } = await runCli(['tap', `http://127.0.0.1:${rig.port}`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^0 .*\n1 map \(.*tap\.test\.ts:\d+:\d+\)\n2 filter \(.*\)\n$/);
  });

  it('shows what an operator gives, and nothing of it steers the terminal', async () => {
    const rig = await job();
    const running = runCli(['tap', `127.0.0.1:${rig.port}`, 'map', '--batches', '2']);
    await until(() => rig.observer.taps.size === 1);
    await rig.batch(1, 2);
    await rig.batch(3);
    const { code, stdout } = await running;
    expect([code, stdout]).toEqual([
      0,
      [
        '1970-01-01T00:00:01.000Z  2 values',
        '  {"n":1,"text":"\\u009b2J\\u001b[2J\\u2028"}',
        '  {"n":2,"text":"\\u009b2J\\u001b[2J\\u2028"}',
        '1970-01-01T00:00:02.000Z  1 value',
        '  {"n":3,"text":"\\u009b2J\\u001b[2J\\u2028"}',
        '',
      ].join('\n'),
    ]);
    await until(() => rig.observer.taps.size === 0);
  });

  it('gives objects to programs, and says how many values there were beside those that it shows', async () => {
    const rig = await job();
    const running = runCli(['tap', `127.0.0.1:${rig.port}`, '2', '--json', '--values', '1', '--batches', '1']);
    await until(() => rig.observer.taps.size === 1);
    await rig.batch(1, 2, 3);
    const { stdout } = await running;
    expect(JSON.parse(stdout)).toMatchObject({ time: 1000, count: 2, values: [{ n: expect.any(Number) }] });
  });

  it('ends when nobody reads it any more, and leaves the operator alone', async () => {
    const rig = await job();
    const running = startCli(['tap', `127.0.0.1:${rig.port}`, 'map']);
    await until(() => rig.observer.taps.size === 1);
    await rig.batch(1);
    await until(() => running.stdout().includes('1 value'));
    running.child.stdout?.destroy();
    await rig.batch(2);
    expect((await running.ended).code).toBe(141);
    await until(() => rig.observer.taps.size === 0);
  });

  it('says which operators there are, and when the job is gone', async () => {
    const rig = await job();
    const unknown = await runCli(['tap', `127.0.0.1:${rig.port}`, 'mop']);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(/there is no operator mop; there are 0 .*, 1 map \(/);
    const nobody = await runCli(['tap', 'http://127.0.0.1:1', 'map']);
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('CONNECT_FAILED')]);
    const wrong = await runCli(['tap', `127.0.0.1:${rig.port}`, 'map', '--values', '1000']);
    expect(wrong.code).toBe(2);
  });
});
