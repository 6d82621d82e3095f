/** The list of interceptor types. */
import { type Registry, registry } from '../../core/registry.ts';
import { host } from './host.ts';
import type { InterceptorType } from './interceptor.ts';
import { regexExtractor } from './regex-extractor.ts';
import { regexFilter } from './regex-filter.ts';
import { removeHeader } from './remove-header.ts';
import { searchReplace } from './search-replace.ts';
import { staticHeader } from './static.ts';
import { timestamp } from './timestamp.ts';
import { uuid } from './uuid.ts';

/** All interceptor types, by their names. */
export const interceptors: Registry<InterceptorType> = registry('interceptor', [
  timestamp,
  host,
  staticHeader,
  uuid,
  removeHeader,
  regexFilter,
  regexExtractor,
  searchReplace,
]);
