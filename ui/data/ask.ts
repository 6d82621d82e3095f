/** Asks the job for what an endpoint answers. */

/** An answer of an endpoint, or why there is none. */
export type Answer<T> =
  | { readonly value: T; readonly problem: undefined }
  | { readonly value: undefined; readonly problem: { readonly status: number; readonly text: string } };

/** @returns undefined: the job did not answer */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<Answer<T> | undefined> {
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
