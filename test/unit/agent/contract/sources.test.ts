/** Every source stops: before it was started, twice, and while its channel takes nothing. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { sources } from '../../../../src/agent/sources/index.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { rig } from '../sources/rig.ts';
import { declarationContract, type Properties } from './declarations.ts';
import { endsWithin, forEveryEntry } from './entries.ts';

function spool(): Properties {
  const spoolDir = ownDirectory();
  fs.writeFileSync(path.join(spoolDir, 'lines.txt'), 'a\nb\nc\n');
  return { spoolDir };
}

/** Those that need no peer have more to bring than the channel of the last test takes. */
const fixtures: Readonly<Record<string, () => Properties>> = {
  netcat: () => ({ bind: '127.0.0.1', port: 0 }),
  avro: () => ({ bind: '127.0.0.1', port: 0 }),
  spooldir: spool,
  exec: () => ({ command: 'yes' }),
  seq: () => ({}),
  stress: () => ({}),
};

forEveryEntry(sources, fixtures, (type, properties) => {
  declarationContract(type, properties, true);

  it('stops when it was never started, and twice', async () => {
    const { source } = await rig(type, properties());
    expect(await endsWithin(source.stop())).toBe(true);
    const started = await rig(type, properties());
    await started.source.start();
    const stops = [started.source.stop(), started.source.stop()];
    expect(await endsWithin(Promise.all(stops))).toBe(true);
    expect(await endsWithin(started.source.stop())).toBe(true);
  });

  it('stops while its channel takes nothing', async () => {
    const { source } = await rig(type, properties(), { capacity: 1 });
    await source.start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await endsWithin(source.stop())).toBe(true);
  });

  it('says whether it ends by itself', async () => {
    const { source } = await rig(type, properties());
    const ended = source.whenEnded();
    if (source.endless) expect(await endsWithin(ended, 20)).toBe(false);
    await source.stop();
  });
});
