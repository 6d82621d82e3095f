/** What the file_roll sink promises of the names, the contents and the times of its files. */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { putAll } from '../../../../src/agent/channels/put-all.ts';
import { fileRoll } from '../../../../src/agent/sinks/file-roll.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { FaultyFiles } from '../../../kit/faulty-files.ts';
import { event, put, settle } from '../channels/use.ts';
import { type SinkRig, sinkRig, until } from './rig.ts';

interface Rolled extends SinkRig {
  readonly directory: string;
  names(): string[];
  contents(): string[];
}

async function open(properties: Record<string, string | number | boolean> = {}, files?: FaultyFiles): Promise<Rolled> {
  const directory = path.join(ownDirectory(), 'rolled');
  const rig = await sinkRig(fileRoll, { 'sink.directory': directory, ...properties }, undefined, files);
  onTestFinished(() => rig.stop());
  const names = (): string[] => fs.readdirSync(directory).sort();
  const contents = (): string[] => names().map((name) => fs.readFileSync(path.join(directory, name), 'utf8'));
  return { ...rig, directory, names, contents };
}

const delivered = (rig: SinkRig, events: number): Promise<void> =>
  until(() => rig.counters.EventDrainSuccessCount === events);

describe('the file_roll sink', () => {
  it('writes events as lines, to files called by the time of the start and a number', async () => {
    const rig = await open({ 'sink.pathManager.prefix': 'log-', 'sink.pathManager.extension': 'txt' });
    await put(rig.channel, 'a', 'b');
    await delivered(rig, 2);
    expect([rig.names(), rig.contents()]).toEqual([['log-0-1.txt'], ['a\nb\n']]);
  });

  it('begins a new file when the interval is over, also while no events come', async () => {
    const rig = await open({ 'sink.rollInterval': 7 });
    await until(() => rig.names().length === 1);
    // One second, two, three: the fourth wait is cut short by the roll.
    for (const ms of [1000, 2000, 3000]) {
      await settle();
      rig.clock.advance(ms);
    }
    await settle();
    expect(rig.names()).toEqual(['0-1']);
    rig.clock.advance(1000);
    await until(() => rig.names().length === 2);
    await put(rig.channel, 'a');
    await delivered(rig, 1);
    expect(rig.contents()).toEqual(['', 'a\n']);
  });

  it('keeps to one file when the interval is 0', async () => {
    const rig = await open({ 'sink.rollInterval': 0 });
    await put(rig.channel, 'a');
    await delivered(rig, 1);
    rig.clock.advance(1e9);
    await put(rig.channel, 'b');
    await delivered(rig, 2);
    expect(rig.contents()).toEqual(['a\nb\n']);
  });

  it('calls files by the local time of the roll, and counts within a second', async () => {
    const rig = await open({ 'sink.pathManager': 'rolltime' });
    await until(() => rig.names().length === 1);
    expect(rig.names()[0]).toMatch(/^(19691231|19700101)\d{6}-1$/);
  });

  it('never writes into a file that is there already', async () => {
    const rig = await open();
    await until(() => rig.names().length === 1);
    fs.writeFileSync(path.join(rig.directory, '0-2'), 'old');
    rig.clock.advance(30_000);
    await put(rig.channel, 'a');
    await delivered(rig, 1);
    expect([rig.names(), rig.contents()]).toEqual([
      ['0-1', '0-2', '0-3'],
      ['', 'old', 'a\n'],
    ]);
  });

  it('has its serializer as a component with fields of its own', async () => {
    const rig = await open({ 'sink.serializer': 'HEADER_AND_TEXT', 'sink.serializer.appendNewline': false });
    await putAll(rig.channel, [event('x', { a: '1', b: '2' }), event('y')]);
    await delivered(rig, 2);
    expect(rig.contents()).toEqual(['{a=1, b=2} x{} y']);
  });

  it('commits what is synced only: what a power cut takes away is still in the channel', async () => {
    const files = new FaultyFiles();
    const rig = await open({}, files);
    await put(rig.channel, 'a', 'b');
    await delivered(rig, 2);
    files.powerCut();
    expect(rig.contents()).toEqual(['a\nb\n']);
  });

  it.each(['append', 'sync'] as const)(
    'gives events back when the %s fails, and writes them to a new file',
    async (operation) => {
      const files = new FaultyFiles();
      const rig = await open({}, files);
      await put(rig.channel, 'a');
      await delivered(rig, 1);
      files.fail(operation);
      await put(rig.channel, 'b');
      await until(() => rig.counters.EventWriteFail === 1);
      expect(rig.channel.size).toBe(1);
      expect(rig.lines.join('\n')).toContain('sink k1 cannot write');
      await settle();
      rig.clock.advance(5000);
      await delivered(rig, 2);
      expect(rig.contents()).toEqual(['a\n', 'b\n']);
    },
  );
});
