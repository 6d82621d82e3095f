/** Cases of the escapes of paths and of the rounding of times. */
import { pathEscapes, type Rounding, roundDown } from '../../../src/agent/component/time/path-escapes.ts';
import { clockOf, type FlumeCase, inZone, passedIf, type RunCase } from '../case.ts';

function roundingOf({ config }: FlumeCase): Rounding | undefined {
  if (config['roundUnit'] === undefined || config['round'] === 'false') return undefined;
  return { unit: String(config['roundUnit']) as Rounding['unit'], value: Number(config['roundValue'] ?? 1) };
}

/** BucketPath's. */
export const escapes: RunCase = (one) =>
  inZone(one, () => {
    const { config, expected, input } = one;
    const zone = config['timeZone'] === undefined ? undefined : String(config['timeZone']);
    let text: string;
    try {
      const expand = pathEscapes(String(input['pattern']), {
        zone,
        rounding: roundingOf(one),
        local: config['useLocalTimeStamp'] === 'true',
      });
      text = expand((input['headers'] ?? {}) as Record<string, string>, clockOf(one));
    } catch (error) {
      return passedIf(expected['error'] !== undefined, String(error));
    }
    return passedIf(text === expected['text'], text);
  });

/** TimestampRoundDownUtil's. */
export const rounding: RunCase = (one) =>
  inZone(one, () => {
    const millis = roundDown(Number(one.input['millis']), roundingOf(one) ?? { unit: 'second', value: 1 });
    return passedIf(millis === one.expected['millis'], millis);
  });
