/** Every interceptor keeps what an interceptor promises. */

import type { ContractProperties } from '../../../../src/agent/contracts/contract.ts';
import { interceptorContract } from '../../../../src/agent/contracts/functions.ts';
import { interceptors } from '../../../../src/agent/interceptors/index.ts';
import { forEveryEntry, runContract } from './entries.ts';

const fixtures: Readonly<Record<string, () => ContractProperties>> = {
  timestamp: () => ({}),
  host: () => ({}),
  static: () => ({ key: '__proto__', preserveExisting: false }),
  uuid: () => ({}),
  regex_filter: () => ({ regex: '(?i)x|^$', excludeEvents: true }),
  regex_extractor: () => ({
    regex: '(.)?(x)?',
    serializers: 's1 s2',
    'serializers.s1.name': '__proto__',
    'serializers.s2.name': 'b',
  }),
  search_replace: () => ({ searchPattern: '(.)\\1', replaceString: '[$1]', charset: 'ISO-8859-1' }),
  remove_header: () => ({ withName: 'a', fromList: 'b, __proto__', matching: '(c|host).*' }),
};

forEveryEntry(interceptors, fixtures, (type, properties) => runContract(interceptorContract(type, properties)));
