/** Cases of interceptors: one event through one of them. */
import os from 'node:os';
import { interceptors } from '../../../src/agent/interceptors/index.ts';
import { systemClock } from '../../../src/core/clock.ts';
import type { PlainEvent } from '../../../src/core/event.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { configured } from '../../unit/agent/channels/make.ts';
import { type FlumeCase, inZone, PASSED, passedIf, propertiesOf, same, shown, type Verdict } from '../case.ts';

/** A minute: how much later than the event the comparison may be. */
const NOW_MS = 60_000;

interface Expectation {
  readonly event?: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  readonly dropped?: boolean;
  readonly configure?: string;
  readonly headerIs?: Readonly<Record<string, string>>;
  readonly headerSet?: string;
  readonly headerMatches?: Readonly<Record<string, string>>;
}

/** @param type the name behind `interceptor:` */
export function interceptor(type: string, one: FlumeCase): Promise<Verdict> {
  return inZone(one, () => {
    const expected = one.expected as Expectation;
    const { body, headers } = one.input['event'] as { headers?: Record<string, string>; body?: string };
    let intercept: (event: PlainEvent) => PlainEvent | undefined;
    try {
      intercept = configured(interceptors.get(type), propertiesOf(one), { clock: systemClock, log: silentLogger });
    } catch (error) {
      return passedIf(expected.configure === 'fails', String(error));
    }
    const made = intercept({ headers: headers ?? {}, body: Buffer.from(body ?? '') });
    if (expected.configure === 'fails') return { result: 'failed', actual: 'it is configured' };
    return compare(expected, made);
  });
}

function compare(expected: Expectation, made: PlainEvent | undefined): Verdict {
  if (expected.dropped === true || made === undefined)
    return passedIf(expected.dropped === true && made === undefined, made && shown(made));
  if (expected.event !== undefined && !same(shown(made), expected.event))
    return { result: 'failed', actual: shown(made) };
  const { headerIs = {}, headerMatches = {}, headerSet } = expected;
  const holds =
    (headerSet === undefined || (made.headers[headerSet] ?? '') !== '') &&
    Object.entries(headerIs).every(([name, value]) => isValue(made.headers[name], value)) &&
    Object.entries(headerMatches).every(([name, pattern]) => new RegExp(pattern).test(made.headers[name] ?? ''));
  return holds ? PASSED : { result: 'failed', actual: shown(made) };
}

/** Some values depend on the machine and the moment, and are said in words. */
function isValue(value: string | undefined, expected: string): boolean {
  if (value === undefined) return false;
  if (expected === 'ms now') return Math.abs(Number(value) - Date.now()) < NOW_MS;
  if (expected === 'InetAddress.getLocalHost().getHostAddress()') return addresses().includes(value);
  if (/^InetAddress\.getLocalHost\(\)\.get(?:Canonical)?HostName\(\)(?: \(the full name\))?$/.test(expected))
    return value !== '' && !addresses().includes(value);
  return value === expected;
}

function addresses(): string[] {
  return Object.values(os.networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}
