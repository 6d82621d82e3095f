/** The spark engine's entry in the list: what it needs is loaded when a job asks for it. */
import { StreamjobError } from '../../core/errors.ts';
import type { EngineKind } from '../engine.ts';

/** The engine's entry in the list. */
export const sparkEngine: EngineKind = {
  type: 'spark',
  takesInput: 'references',
  open: async (settings) => {
    const { openSpark } = await import('./engine.ts').catch(missing);
    return await openSpark(settings);
  },
};

/** Its packages are the user's to install: nobody else needs them. */
function missing(cause: unknown): never {
  if ((cause as { readonly code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
  throw new StreamjobError('CONFIG_INVALID', "engine 'spark' needs packages that are not installed", {
    where: 'engine',
    hint: 'npm install @bufbuild/protobuf @connectrpc/connect@2.1 @connectrpc/connect-node@2.1 apache-arrow',
    cause,
  });
}
