/** What every sink processor promises, as a function: a new one gets its tests by one call. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ProcessorType } from '../../../../src/agent/processors/processor.ts';
import { put } from '../channels/use.ts';
import { type ProcessorRig, processorRig } from '../processors/rig.ts';
import { until } from '../sinks/rig.ts';

export function processorConformance(
  name: string,
  type: ProcessorType,
  properties: () => Record<string, string | number>,
): void {
  describe(`sink processor conformance: ${name}`, () => {
    const rigs: ProcessorRig[] = [];
    const open = async (): Promise<ProcessorRig> => {
      const rig = await processorRig(type, properties());
      rigs.push(rig);
      return rig;
    };
    afterEach(async () => {
      for (const rig of rigs.splice(0)) await rig.close();
    });

    it('delivers every event once and in order while the receiver takes them', async () => {
      const rig = await open();
      const ids = Array.from({ length: 500 }, (_, i) => `${i}`);
      for (let i = 0; i < ids.length; i += 50) await put(rig.channel, ...ids.slice(i, i + 50));
      await until(() => rig.receiver.texts.length >= 500);
      expect(rig.receiver.texts).toEqual(ids);
      await rig.channel.whenEmpty();
      await rig.processor.whenEmpty();
    });

    it('goes on with what comes after the receiver is back', async () => {
      const rig = await open();
      rig.receiver.takes = false;
      await put(rig.channel, 'a');
      await until(() => rig.receiver.refused > 0);
      rig.receiver.takes = true;
      let i = 0;
      await until(async () => {
        rig.clock.advance(1000);
        await put(rig.channel, `later ${i++}`).catch(() => {});
        return rig.receiver.texts.some((text) => text.startsWith('later'));
      });
    });

    it('stops while the receiver takes nothing', async () => {
      const rig = await open();
      rig.receiver.takes = false;
      await put(rig.channel, 'a', 'b');
      await until(() => rig.receiver.refused > 0);
      await rig.stop();
    });
  });
}
