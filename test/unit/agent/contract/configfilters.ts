/** What every config filter promises: it answers every key, and does not reject. One that hangs would hold the start of the agent. */
import { expect, it } from 'vitest';
import type { ConfigFilterType } from '../../../../src/agent/configfilters/configfilter.ts';
import { type ContractProperties, endsWithin } from '../../../../src/agent/contracts/contract.ts';
import { declarationContract } from '../../../../src/agent/contracts/declaration.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { configured } from '../channels/make.ts';
import { runContract } from './entries.ts';

/** A filter of the type, and what it must have. */
export interface FilterFixture {
  readonly properties: () => ContractProperties;
  /** The environment in which it has the value `filtered` for `my_password_key`. */
  readonly env: Readonly<Record<string, string>>;
}

export function configFilterContract(type: ConfigFilterType, { properties, env }: FilterFixture): void {
  runContract(declarationContract(type, properties, false));

  it('has the value of a key, each time it is asked', async () => {
    const filter = configured(type, properties(), { env, clock: systemClock });
    const answers = await Promise.all([filter.filter('my_password_key'), filter.filter('my_password_key')]);
    expect(answers).toEqual([{ value: 'filtered' }, { value: 'filtered' }]);
  });

  it.each(['unknown', '-', 'a b', '\0', "'", '$(exit 1)'])(
    'answers the key %j, which it does not have',
    async (key) => {
      const filter = configured(type, properties(), { env, clock: systemClock });
      const answer = filter.filter(key);
      expect(await endsWithin(answer)).toBe(true);
      expect(await answer).toEqual({ missing: expect.stringMatching(/./) });
    },
  );
}
