/** What an endpoint answers, asked for again and again while a view shows it. */
import { useEffect, useState } from 'preact/hooks';
import { ask } from './ask.ts';
import { link, paused } from './live.ts';

/** What is known of an answer. */
export interface Latest<T> {
  readonly value: T | undefined;
  /** What went wrong with the last try; undefined: nothing. */
  readonly problem: { readonly status: number; readonly text: string } | undefined;
}

/** The last answers of paths, so that a view shows at once what was known when it was left, even if the job is gone since. */
const answers = new Map<string, unknown>();
const MOST_ANSWERS = 60;

const NOTHING = { value: undefined, problem: undefined } as const;

/**
 * Asks at once, then every `everyMs`; what it had stays while the job does not answer. The job is left alone while nobody can see the page.
 * @param path undefined: there is nothing to ask for yet
 * @param everyMs in ms; 0: only once
 */
export function useLatest<T>(path: string | undefined, everyMs: number): Latest<T> {
  const [latest, setLatest] = useState<Latest<T> & { readonly path?: string }>(NOTHING);
  const isOpen = link.value.kind === 'open';
  useEffect(() => {
    if (path === undefined || !isOpen) return undefined;
    const ended = new AbortController();
    let isFirst = true;
    let isAsking = false;
    const again = async (): Promise<void> => {
      if (isAsking || (!isFirst && (paused.peek() || document.hidden))) return;
      isFirst = false;
      isAsking = true;
      const answer = await ask<T>(path, ended.signal);
      isAsking = false;
      if (answer === undefined) return;
      if (answer.value !== undefined) keep(path, answer.value);
      setLatest(() => ({
        value: answer.value ?? (answers.get(path) as T | undefined),
        problem: answer.problem,
        path,
      }));
    };
    void again();
    const timer = everyMs > 0 ? setInterval(() => void again(), everyMs) : undefined;
    return () => {
      ended.abort();
      clearInterval(timer);
    };
  }, [path, everyMs, isOpen]);
  if (latest.path === path) return latest;
  const kept = path === undefined ? undefined : answers.get(path);
  return kept === undefined ? NOTHING : { value: kept as T, problem: undefined };
}

function keep(path: string, value: unknown): void {
  answers.delete(path);
  answers.set(path, value);
  const oldest = answers.keys().next();
  if (answers.size > MOST_ANSWERS && oldest.done !== true) answers.delete(oldest.value);
}
