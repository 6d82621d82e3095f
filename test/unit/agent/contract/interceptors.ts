/** What every interceptor promises: it takes every event. One that throws would stop its source for ever. */
import { expect, it } from 'vitest';
import type { InterceptorType } from '../../../../src/agent/interceptors/interceptor.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { configured } from '../channels/make.ts';
import { declarationContract, type Properties } from './declarations.ts';
import { oddEvents } from './events.ts';

export function interceptorContract(type: InterceptorType, properties: () => Properties): void {
  declarationContract(type, properties, false);

  it.each(Object.entries(oddEvents))('takes an event with %s, and leaves it as it was', (_what, event) => {
    const intercept = configured(type, properties(), { clock: new ManualClock(1), log: silentLogger });
    const [before, body] = [JSON.stringify(event.headers), event.body];
    const made = intercept(event);
    if (made !== undefined) {
      expect(made.body).toBeInstanceOf(Uint8Array);
      for (const value of Object.values(made.headers)) expect(typeof value).toBe('string');
    }
    expect([JSON.stringify(event.headers), event.body]).toEqual([before, body]);
  });
}
