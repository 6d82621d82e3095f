/**
 * A recording: the page and all that it would ask for, as one HTML file that opens without a server, for a bug report. What the answers
 * hold comes from events, file names and errors of anybody: nothing of it can end the element that it stands in.
 */
import { nextLoop } from '../../core/machine.ts';
import type { BatchRecord } from '../batch-record.ts';
import type { Observer } from '../observer.ts';
import { type Asked, ENDPOINTS, type Endpoint } from '../rest/endpoints.ts';
import type { Page } from './page.ts';

/** The most bytes of what is told of batches one by one: those that failed first, then the newest. */
const MOST_BATCH_BYTES = 12 * 1024 * 1024;

/** How a recording is made. */
export interface RecordingOptions {
  readonly version: string;
  /** Whether events of dead letters are in it. */
  readonly withEvents: boolean;
  readonly mostBatchBytes?: number;
}

/** A part of a path that an answer is asked for with. */
type Parts = Readonly<Record<string, string>>;

/**
 * The file, piece by piece, so that the job goes on meanwhile.
 * @param page as it was built
 * @returns undefined: the page was not built
 */
export function recordingOf(
  page: Page,
  observer: Observer,
  options: RecordingOptions,
): AsyncGenerator<string> | undefined {
  const shell = shellOf(page);
  return shell && pieces(shell, observer, options);
}

/** The name of the file. @example recordingName('word count', 0) // 'word_count-1970-01-01T00-00-00.html' */
export function recordingName(job: string, now: number): string {
  return `${job.replace(/[^\w.-]+/g, '_')}-${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}.html`;
}

async function* pieces(
  { after, before }: Shell,
  observer: Observer,
  { mostBatchBytes = MOST_BATCH_BYTES, version, withEvents }: RecordingOptions,
): AsyncGenerator<string> {
  const { observed } = observer;
  const head = { recordedAt: observed.clock.now(), version, job: observed.name, withEvents };
  yield before;
  // The first answer is none, so that each of the others begins with a comma.
  yield `<script type="application/json" id="recording">{"head":${embedded(head)},"answers":{"":null`;
  for (const endpoint of ENDPOINTS.filter(({ recorded }) => recorded === 'once' || recorded === 'by-batch-parameter')) {
    // One that cannot be had is not in it, as those that are not recorded; the file must come to its end.
    const answer = await answerOf(endpoint, observer, {}, undefined).catch(() => undefined);
    if (answer !== undefined) {
      yield entry(pathOf(endpoint, observer, {}), withEvents ? answer : withoutEvents(endpoint, answer));
    }
    await nextLoop();
  }
  let bytes = 0;
  for (const batch of failedFirst(observer.history.batches)) {
    let own = '';
    for (const endpoint of ENDPOINTS) {
      const { recorded } = endpoint;
      if (recorded !== 'by-batch' && recorded !== 'by-batch-parameter') continue;
      const time = String(batch.time);
      const parts = recorded === 'by-batch' ? { time } : {};
      const query = recorded === 'by-batch' ? undefined : time;
      const path = `${pathOf(endpoint, observer, parts)}${query === undefined ? '' : `?batch=${query}`}`;
      // A batch may be forgotten meanwhile.
      const answer = await answerOf(endpoint, observer, parts, query).catch(() => undefined);
      if (answer !== undefined) own += entry(path, answer);
    }
    bytes += own.length;
    if (bytes > mostBatchBytes) break;
    yield own;
    await nextLoop();
  }
  yield '}}</script>';
  yield after;
}

function failedFirst(batches: readonly BatchRecord[]): BatchRecord[] {
  const newest = batches.toReversed();
  const isBad = ({ failures, givenUp }: BatchRecord): boolean => failures.length > 0 || givenUp !== undefined;
  return [...newest.filter(isBad), ...newest.filter((batch) => !isBad(batch))];
}

async function answerOf(
  { answer }: Endpoint,
  observer: Observer,
  parts: Parts,
  batch: string | undefined,
): Promise<object> {
  const asked: Asked = {
    part: (name) => parts[name] ?? '',
    values: (name) => (name === 'batch' && batch !== undefined ? [batch] : []),
  };
  return await answer(observer, asked);
}

/** As the page asks for it. */
function pathOf({ path }: Endpoint, { observed }: Observer, parts: Parts): string {
  const all: Parts = { name: observed.name, ...parts };
  return `/api/v1${path.replaceAll(/\{(\w+)\}/g, (_, part: string) => encodeURIComponent(all[part] ?? ''))}`;
}

/** Events are what dead letters have as their examples. */
function withoutEvents({ path }: Endpoint, answer: object): object {
  if (!path.endsWith('/deadletters')) return answer;
  const { groups, ...rest } = answer as { readonly groups: readonly object[] };
  return { ...rest, groups: groups.map((group) => ({ ...group, examples: [] })) };
}

function entry(path: string, answer: object): string {
  return `,${embedded(path)}:${embedded(answer)}`;
}

/** JSON that may stand in an element of HTML, and in a script: no text in it can end either. */
export function embedded(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The page before and behind the place where the data stands. */
interface Shell {
  readonly before: string;
  readonly after: string;
}

const STYLE = /<link rel="stylesheet" href="([^"]+)" \/>/;
const SCRIPT = /<script type="module" src="([^"]+)"><\/script>/;

/** The page with its style and its script in it; its own texts do not end their elements either. */
function shellOf(page: Page): Shell | undefined {
  const html = textOf(page, '/index.html');
  const style = html === undefined ? undefined : textOf(page, STYLE.exec(html)?.[1]);
  const script = html === undefined ? undefined : textOf(page, SCRIPT.exec(html)?.[1]);
  if (html === undefined || style === undefined || script === undefined) return undefined;
  const whole = html
    .replace(STYLE, () => `<style>${style.replaceAll(/<\/(style)/gi, '<\\/$1')}</style>`)
    .replace(SCRIPT, '');
  const [before = '', after = ''] = whole.split('</body>');
  const inlined = script.replaceAll(/<\/(script)/gi, '<\\/$1').replaceAll('<!--', '<\\!--');
  return { before, after: `<script type="module">${inlined}</script></body>${after}` };
}

function textOf(page: Page, path: string | undefined): string | undefined {
  const asset = path === undefined ? undefined : page.asset(path);
  return asset && Buffer.from(asset.bytes).toString('utf8');
}
