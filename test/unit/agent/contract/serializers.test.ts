/** Every serializer makes bytes of every event: one that throws would stop its sink for ever. */
import { expect, it } from 'vitest';
import { serializers } from '../../../../src/agent/serializers/index.ts';
import { configured } from '../channels/make.ts';
import { declarationContract, type Properties } from './declarations.ts';
import { forEveryEntry } from './entries.ts';
import { oddEvents } from './events.ts';

const fixtures: Readonly<Record<string, () => Properties>> = { text: () => ({}), header_and_text: () => ({}) };

forEveryEntry(serializers, fixtures, (type, properties) => {
  declarationContract(type, properties, false);

  it.each(Object.entries(oddEvents))('takes an event with %s, and keeps its body', (_what, event) => {
    const serialize = configured(type, properties(), { owner: 'sink k1' });
    const bytes = Buffer.concat([...serialize(event)]);
    expect(bytes.includes(Buffer.from(event.body))).toBe(true);
    expect(Buffer.concat([...serialize(event)]).equals(bytes)).toBe(true);
  });
});
