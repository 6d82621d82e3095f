/**
 * Who may ask. The page shows what a job works on, and any page in a browser on the same machine can send requests to it:
 * - the Host of a request must be a name that is ours, or an address: else a foreign name that leads here (DNS rebinding) could read it;
 * - a request that a page has sent must come from our own (Origin, and Sec-Fetch-Site where there is no Origin, as with images);
 * - what changes something needs the token that the job was started with; without one nothing can be changed.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { net } from '../../core/machine.ts';

/** What the guard goes by. */
export interface GuardOptions {
  /** Names under which the machine is asked for, beside `localhost`. */
  readonly names: readonly string[];
  readonly token: string | undefined;
}

/** Why a request is refused, and the status of the answer; undefined: it is not. */
export type Refusal = { readonly status: 400 | 401 | 403; readonly reason: string } | undefined;

/** Looks at requests before anything is done. */
export class Guard {
  readonly #names: ReadonlySet<string>;
  readonly #token: Buffer | undefined;

  constructor({ names, token }: GuardOptions) {
    this.#names = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
    this.#token = token === undefined ? undefined : digest(token);
  }

  /** @param headers of the request, by names in lower case */
  refusal(method: string, headers: (name: string) => string | undefined): Refusal {
    const host = headers('host');
    if (host === undefined || !this.#isOurs(host)) {
      return { status: 403, reason: `the Host ${JSON.stringify(host ?? '')} is none of this job's` };
    }
    const origin = headers('origin');
    if (origin !== undefined && hostOfOrigin(origin) !== host.toLowerCase()) {
      return { status: 403, reason: `pages of ${JSON.stringify(origin)} may not ask` };
    }
    // A link that leads here may stand anywhere; a page of others may not load anything from here, a frame neither, since even that takes time of
    // the job.
    const site = headers('sec-fetch-site');
    const isLink = headers('sec-fetch-mode') === 'navigate' && (headers('sec-fetch-dest') ?? 'document') === 'document';
    if ((site === 'cross-site' || site === 'same-site') && !isLink) {
      return { status: 403, reason: 'pages of others may not ask' };
    }
    if (method === 'GET' || method === 'HEAD') return undefined;
    if (this.#token === undefined) {
      return { status: 403, reason: 'nothing can be changed: the job was started without --ui-token' };
    }
    const given = /^Bearer (.+)$/.exec(headers('authorization') ?? '')?.[1];
    return given !== undefined && timingSafeEqual(digest(given), this.#token)
      ? undefined
      : { status: 401, reason: 'the token is missing or wrong: send it as Authorization: Bearer TOKEN' };
  }

  #isOurs(host: string): boolean {
    const name = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/
      .exec(host)
      ?.slice(1)
      .find((part) => part !== undefined);
    return name !== undefined && (net.isIP(name) !== 0 || this.#names.has(name.toLowerCase()));
  }
}

function hostOfOrigin(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

/** Of one length, so that a comparison tells nothing of it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
