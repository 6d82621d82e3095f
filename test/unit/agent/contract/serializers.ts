/** What every serializer promises: it makes bytes of every event. One that throws would stop its sink for ever. */
import { expect, it } from 'vitest';
import type { SerializerType } from '../../../../src/agent/serializers/serializer.ts';
import { configured } from '../channels/make.ts';
import { declarationContract, type Properties } from './declarations.ts';
import { oddEvents } from './events.ts';

export function serializerContract(type: SerializerType, properties: () => Properties): void {
  declarationContract(type, properties, false);

  it.each(Object.entries(oddEvents))('takes an event with %s, and keeps its body', (_what, event) => {
    const file = configured(type, properties(), { owner: 'sink k1' })();
    const bytes = Buffer.concat([...file.batch([event])]);
    expect(bytes.includes(Buffer.from(event.body))).toBe(true);
    expect(Buffer.concat([...file.batch([event])]).equals(bytes)).toBe(true);
  });
}
