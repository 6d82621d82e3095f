/** Asks the job for what an endpoint answers; in a recording, what it answered then. */
import { recordedAnswer, recordingHead } from './recording.ts';

/** An answer of an endpoint, or why there is none. */
export type Answer<T> =
  | { readonly value: T; readonly problem: undefined }
  | { readonly value: undefined; readonly problem: { readonly status: number; readonly text: string } };

/** @returns undefined: the job did not answer */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<Answer<T> | undefined> {
  if (recordingHead !== undefined) return recorded<T>(path);
  try {
    const response = await fetch(path, signal === undefined ? {} : { signal });
    const body: unknown = await response.json();
    if (response.ok) return { value: body as T, problem: undefined };
    const text = (body as { readonly error?: unknown }).error;
    return {
      value: undefined,
      problem: { status: response.status, text: typeof text === 'string' ? text : response.statusText },
    };
  } catch {
    return undefined;
  }
}

function recorded<T>(path: string): Answer<T> {
  const value = recordedAnswer(path);
  if (value !== undefined) return { value: value as T, problem: undefined };
  return { value: undefined, problem: { status: 404, text: 'this is not in the recording' } };
}
