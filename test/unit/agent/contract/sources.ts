/** What every source promises: it stops, before it was started, twice, and while its channel takes nothing. */
import { expect, it } from 'vitest';
import type { SourceType } from '../../../../src/agent/sources/source.ts';
import { rig } from '../sources/rig.ts';
import { declarationContract, type Properties } from './declarations.ts';
import { endsWithin } from './entries.ts';

/** @param properties of a source that can be started; one that needs no peer has many events to bring */
export function sourceContract(type: SourceType, properties: () => Properties): void {
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
}
