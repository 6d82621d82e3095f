/** The last lines of the job's log: each time only those are asked for that are not known. */
import { useEffect, useState } from 'preact/hooks';
import { ask } from './ask.ts';
import { jobPath, link, overview, paused } from './live.ts';
import type { LogLine } from './types.ts';

/** As many as the job keeps. */
const MOST_LINES = 500;
const EVERY_MS = 1000;

/** Oldest first; undefined: none has been asked for yet. */
export function useLog(): readonly LogLine[] | undefined {
  const path = jobPath.value;
  const isOpen = link.value.kind === 'open';
  // Another run of the job counts its lines from 0.
  const startedAt = overview.value?.startedAt;
  const [lines, setLines] = useState<readonly LogLine[] | undefined>(undefined);
  useEffect(() => {
    if (path === undefined || !isOpen) return undefined;
    const ended = new AbortController();
    let known: readonly LogLine[] = [];
    let isAsking = false;
    const more = async (isFirst: boolean): Promise<void> => {
      if (isAsking || (!isFirst && (paused.peek() || document.hidden))) return;
      isAsking = true;
      const answer = await ask<readonly LogLine[]>(`${path}/log?since=${known.at(-1)?.number ?? -1}`, ended.signal);
      isAsking = false;
      if (answer?.value === undefined || ended.signal.aborted) return;
      if (!isFirst && answer.value.length === 0) return;
      known = [...known, ...answer.value].slice(-MOST_LINES);
      setLines(known);
    };
    void more(true);
    const timer = setInterval(() => void more(false), EVERY_MS);
    return () => {
      ended.abort();
      clearInterval(timer);
    };
  }, [path, isOpen, startedAt]);
  return lines;
}
