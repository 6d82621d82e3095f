/** A recording: the page was saved with all that it would ask for, and asks nobody. */
import { recordedPath } from './recorded-path.ts';
import type { Overview, TimelineBatch } from './types.ts';

/** What a recording is of. */
export interface RecordingHead {
  /** ms since the epoch */
  readonly recordedAt: number;
  readonly version: string;
  readonly job: string;
  /** Whether events of dead letters are in it. */
  readonly withEvents: boolean;
}

interface Recording {
  readonly head: RecordingHead;
  /** By the paths that are asked for. */
  readonly answers: Readonly<Record<string, unknown>>;
}

const recording = recordingIn(document);

/** Undefined: the page is of a job that runs. */
export const recordingHead: RecordingHead | undefined = recording?.head;

/** What was answered when it was recorded; undefined: it is not in the recording. */
export function recordedAnswer(path: string): unknown {
  return recording?.answers[recordedPath(path)];
}

/** What the page shows first. */
export function recordedJob(): { readonly overview: Overview; readonly batches: readonly TimelineBatch[] } | undefined {
  if (recording === undefined) return undefined;
  const job = `/api/v1/applications/${encodeURIComponent(recording.head.job)}`;
  const overview = recordedAnswer(`${job}/overview`) as Overview | undefined;
  const batches = recordedAnswer(`${job}/timeline`) as readonly TimelineBatch[] | undefined;
  return overview && { overview, batches: batches ?? [] };
}

function recordingIn(document: Document): Recording | undefined {
  const text = document.getElementById('recording')?.textContent ?? '';
  return text === '' ? undefined : (JSON.parse(text) as Recording);
}
