/** What the netcat, exec and seq sources promise. */
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { exec } from '../../../../src/agent/sources/exec.ts';
import { netcat } from '../../../../src/agent/sources/netcat.ts';
import { seq } from '../../../../src/agent/sources/seq.ts';
import type { SourceType } from '../../../../src/agent/sources/source.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { isAlive, processesWith } from '../../../kit/processes.ts';
import { until } from '../../../kit/until.ts';
import { settle } from '../channels/use.ts';
import { type Rig, rig } from './rig.ts';

const rigs: Rig[] = [];
afterEach(async () => {
  for (const { source } of rigs.splice(0)) await source.stop();
});

async function run(
  type: SourceType,
  properties: Record<string, string | number | boolean>,
  options: Parameters<typeof rig>[2] = {},
): Promise<Rig> {
  const made = await rig(type, properties, options);
  rigs.push(made);
  await made.source.start();
  return made;
}

async function talk(made: Rig, ...chunks: (string | Buffer)[]): Promise<string> {
  return (await talkInBytes(made, ...chunks)).toString();
}

async function talkInBytes(made: Rig, ...chunks: (string | Buffer)[]): Promise<Buffer> {
  const socket = net.connect(made.source.address?.port ?? 0, '127.0.0.1');
  const closed = once(socket, 'close');
  const answers: Buffer[] = [];
  socket.on('data', (chunk) => answers.push(chunk));
  for (const chunk of chunks) {
    socket.write(chunk);
    await settle();
  }
  socket.end();
  await closed;
  return Buffer.concat(answers);
}

describe('netcat', () => {
  const local = { bind: '127.0.0.1', port: 0 };

  it('answers OK to each line once the channel has it; the last line without newline is no event', async () => {
    const made = await run(netcat, local);
    expect(await talk(made, 'a\nb\r\n', Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1), '\nrest')).toBe(
      'OK\nOK\nOK\n',
    );
    expect(await made.texts()).toEqual(['a', 'b\r', 'é']);
  });

  it('answers FAILED when the channel is full, and stays', async () => {
    const made = await run(netcat, local, { capacity: 1 });
    expect(await talk(made, 'a\n', 'b\n')).toMatch(/^OK\nFAILED: .*no room.*\n$/);
  });

  it('ends a connection with a line that is too long', async () => {
    const made = await run(netcat, { ...local, 'max-line-length': 4 });
    expect(await talk(made, 'abc\nabcd\n')).toBe(
      'OK\nFAILED: Event exceeds the maximum length (4 chars, including newline)\n',
    );
    expect(await talk(made, 'abcdefgh')).toMatch(/^FAILED/);
  });

  it('answers in its encoding, with one byte order mark at the begin in UTF-16', async () => {
    const made = await run(netcat, { ...local, encoding: 'UTF-16' });
    const line = Buffer.from('\uFEFFé\n', 'utf16le').swap16();
    const answer = await talkInBytes(made, line, Buffer.from('b\n', 'utf16le').swap16());
    expect(answer.toString('hex')).toBe(`feff${Buffer.from('OK\nOK\n', 'utf16le').swap16().toString('hex')}`);
    expect(await made.texts()).toEqual(['é', 'b']);
  });

  it('takes the lines before bytes that are no text, then ends the connection', async () => {
    const made = await run(netcat, { ...local, encoding: 'US-ASCII' });
    expect(await talk(made, Buffer.from('good\nb\xe9d\nmore\n', 'latin1'))).toBe(
      'OK\nFAILED: Event is not valid US-ASCII\n',
    );
    expect(await made.texts()).toEqual(['good']);
    expect(made.counters.EventReadFail).toBe(1);
  });

  it('stops although a peer does not read its answers, and keeps no more of them than the socket takes', async () => {
    const made = await run(netcat, local, { capacity: 1_000_000 });
    const socket = net.connect(made.source.address?.port ?? 0, '127.0.0.1');
    socket.pause();
    const lines = Buffer.from('a\n'.repeat(50_000));
    let full = false;
    while (!full) full = !socket.write(lines);
    for (let size = -1; size !== made.channel.size; await settle()) size = made.channel.size;
    await made.source.stop();
    socket.destroy();
  });

  it('says nothing without ack-every-event', async () => {
    const made = await run(netcat, { ...local, 'ack-every-event': false });
    expect(await talk(made, 'a\n')).toBe('');
    expect(made.source.endless).toBe(true);
  });

  it('says that its port is in use', async () => {
    const made = await run(netcat, local);
    await expect(run(netcat, { ...local, port: made.source.address?.port ?? 0 })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
    rigs.pop();
  });
});

describe('exec', () => {
  it('makes each line an event, with and without a shell, and ends with its command', async () => {
    const plain = await run(exec, { command: 'printf a\\nb\\r\\nc' });
    await plain.source.whenEnded();
    expect(await plain.texts()).toEqual(['a', 'b', 'c']);
    const shell = await run(exec, { command: 'for i in 1 2; do echo $i; done', shell: '/bin/sh -c' });
    await shell.source.whenEnded();
    expect(await shell.texts()).toEqual(['1', '2']);
  });

  it('keeps the lines in their character set, as Flume', async () => {
    const latin = await run(exec, { command: "printf 'caf\\351\\na'", shell: 'sh -c', charset: 'ISO-8859-1' });
    await latin.source.whenEnded();
    const hex = async (made: Rig): Promise<string[]> =>
      (await made.takeAll()).map(({ body }) => Buffer.from(body).toString('hex'));
    expect(await hex(latin)).toEqual(['636166e9', '61']);
    const utf16 = await run(exec, {
      command: "printf '\\377\\376a\\000\\n\\000b\\000'",
      shell: 'sh -c',
      charset: 'UTF-16',
    });
    await utf16.source.whenEnded();
    expect(await hex(utf16)).toEqual(['feff0061', 'feff0062']);
  });

  it('loses no line when the channel is full: the command waits', async () => {
    const made = await run(exec, { command: 'seq 1 300', batchSize: 10 }, { capacity: 10 });
    expect(await made.next(300)).toEqual(Array.from({ length: 300 }, (_, i) => `${i + 1}`));
  });

  it('sends a small batch after batchTimeout', async () => {
    const clock = new ManualClock(0);
    const made = await run(exec, { command: 'echo a; exec sleep 100', shell: 'sh -c' }, { clock });
    let done = false;
    const got = made.next(1).finally(() => {
      done = true;
    });
    while (!done) {
      clock.advance(3000);
      await settle();
    }
    expect(await got).toEqual(['a']);
  });

  it('runs its command again when told so, after restartThrottle', async () => {
    const clock = new ManualClock(0);
    const made = await run(exec, { command: 'echo a', restart: true, restartThrottle: 1000 }, { clock });
    expect(await made.next(1)).toEqual(['a']);
    expect(made.source.endless).toBe(true);
    let done = false;
    const again = made.next(1).finally(() => {
      done = true;
    });
    while (!done) {
      clock.advance(1000);
      await settle();
    }
    expect(await again).toEqual(['a']);
  });

  it('stops although the command has ended and left a process behind that holds its output open', async () => {
    const made = await run(exec, { command: 'sleep 1000 & echo $$', shell: 'sh -c', batchSize: 1 });
    const [pid] = await made.next(1);
    await until(() => !isAlive(Number(pid)));
    await made.source.stop();
  });

  it('ends what ignores SIGTERM too', async () => {
    const mark = `sleep 98765${process.pid}`;
    const command = `trap "" TERM; echo started; ${mark}; ${mark}`;
    const made = await run(exec, { command, shell: 'sh -c', batchSize: 1 });
    expect(await made.next(1)).toEqual(['started']);
    await made.source.stop();
    await until(() => processesWith(mark).length === 0);
  });

  it('leaves no watching shell behind when its command has ended by itself', async () => {
    const before = processesWith('streamjob-exec-watch');
    const made = await run(exec, { command: 'echo a' });
    await made.source.whenEnded();
    await until(() => processesWith('streamjob-exec-watch').every((pid) => before.includes(pid)));
  });

  it.skipIf(process.platform !== 'linux')(
    'gives the command its exit code, and no child that it has not made',
    async () => {
      const command = 'read -r children < /proc/$$/task/$$/children; echo "children:$children"; exit 7';
      const made = await run(exec, { command, shell: 'sh -c' });
      await made.source.whenEnded();
      expect(await made.texts()).toEqual(['children:']);
      expect(made.infos).toEqual([expect.stringContaining('exited with 7')]);
    },
  );

  it('logs a command that does not exist', async () => {
    const made = await run(exec, { command: '/no/such/command' });
    await made.source.whenEnded();
    expect(made.errors).toEqual([expect.stringContaining('/no/such/command')]);
  });
});

describe('seq', () => {
  it('counts from 0 to totalEvents, without gaps when the channel was full', async () => {
    const clock = new ManualClock(0);
    const made = await run(seq, { totalEvents: 25, batchSize: 10 }, { capacity: 10, clock });
    const texts: string[] = [];
    while (texts.length < 25) {
      await settle();
      clock.advance(5000);
      texts.push(...(await made.texts()));
    }
    await made.source.whenEnded();
    expect(texts).toEqual(Array.from({ length: 25 }, (_, i) => `${i}`));
  });

  it('is endless without totalEvents', async () => {
    const made = await run(seq, {}, { capacity: 5 });
    expect(made.source.endless).toBe(true);
  });
});
