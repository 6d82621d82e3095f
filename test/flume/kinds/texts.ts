/** Cases of deserializers and serializers: a text becomes events, events become a text. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { serializers } from '../../../src/agent/serializers/index.ts';
import { spooldir } from '../../../src/agent/sources/spooldir.ts';
import type { PlainEvent } from '../../../src/core/event.ts';
import { configured } from '../../unit/agent/channels/make.ts';
import { rig } from '../../unit/agent/sources/rig.ts';
import { type FlumeCase, passedIf, propertiesOf, same, type Verdict } from '../case.ts';

/** A file with the text is read by spooldir, whose part a deserializer is. @param type the name behind `deserializer:` */
export async function deserializer(type: string, one: FlumeCase): Promise<Verdict> {
  const spoolDir = fs.mkdtempSync(path.join(os.tmpdir(), 'flume-case-'));
  try {
    fs.writeFileSync(path.join(spoolDir, 'in'), String(one.input['text']));
    const own = Object.entries(propertiesOf(one)).map(([name, value]) => [`deserializer.${name}`, value]);
    const made = await rig(spooldir, { spoolDir, deserializer: type, ...Object.fromEntries(own) });
    await made.source.start();
    const done = (): boolean => fs.existsSync(path.join(spoolDir, 'in.COMPLETED'));
    for (let waited = 0; !done() && waited < 10_000; waited += 10)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await made.source.stop();
    const events = await made.texts();
    const { batches, events: wanted } = one.expected as { batches?: string[][]; events?: string[] };
    return passedIf(same(events, wanted ?? batches?.flat()), events);
  } finally {
    fs.rmSync(spoolDir, { recursive: true, force: true });
  }
}

/** @param type the name behind `serializer:` */
export function serializer(type: string, one: FlumeCase): Verdict {
  const serialize = configured(serializers.get(type), propertiesOf(one), { owner: 'sink k1' });
  const events = (one.input['events'] as (string | { headers: Record<string, string>; body: string })[]).map(
    (event): PlainEvent =>
      typeof event === 'string'
        ? { headers: {}, body: Buffer.from(event) }
        : { headers: event.headers, body: Buffer.from(event.body) },
  );
  const file = serialize();
  const text = Buffer.concat([...file.begin(), ...file.batch(events)]).toString();
  return passedIf(linesOf(text) === linesOf(String(one.expected['text'])), text);
}

/** Headers come in the order of a Java HashMap from Flume, in their own from here: they are compared without their order. */
function linesOf(text: string): string {
  return text.replace(/\{([^}]*)\}/g, (_, pairs: string) => `{${pairs.split(', ').sort().join(', ')}}`);
}
