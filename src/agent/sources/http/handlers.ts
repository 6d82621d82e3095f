/** The list of handler types of the http source. */
import { type Registry, registry } from '../../../core/registry.ts';
import { blobHandler, truncatingBlobHandler } from './blob.ts';
import type { HttpHandlerType } from './handler.ts';
import { jsonHandler } from './json.ts';

/** All handler types, by their names. */
export const httpHandlers: Registry<HttpHandlerType> = registry('handler', [
  jsonHandler,
  blobHandler,
  truncatingBlobHandler,
]);
