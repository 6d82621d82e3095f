/** The last lines of the job's log, the newest first; level and text stand in the address. */
import type { JSX } from 'preact';
import { paused } from '../data/live.ts';
import type { LogLine } from '../data/types.ts';
import { useLog } from '../data/use-log.ts';
import { count } from '../format/number.ts';
import { batchTime } from '../format/time.ts';
import { query } from '../navigation.ts';
import { Choice } from '../parts/choice.tsx';
import { Loading } from '../parts/loading.tsx';
import { Empty, Mark, Panel } from '../parts/panel.tsx';
import { Search, wantedText } from '../parts/search.tsx';
import type { Look } from '../parts/verdict.ts';

const LEVELS: readonly LogLine['level'][] = ['debug', 'info', 'warn', 'error'];
const CHOICES = [
  ['all', 'all'],
  ['warn', 'warnings and errors'],
  ['error', 'errors'],
] as const;
const LOOKS: Readonly<Record<LogLine['level'], Look>> = {
  debug: { icon: 'info', tone: 'quiet', word: 'debug' },
  info: { icon: 'info', tone: 'quiet', word: 'info' },
  warn: { icon: 'alert', tone: 'warn', word: 'warning' },
  error: { icon: 'alert', tone: 'bad', word: 'error' },
};

/** The view. */
export function Log(): JSX.Element {
  const lines = useLog();
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Log</h1>
        <p class="sub">
          The last lines, the newest first{paused.value ? '; it stands still' : ''}. stderr of the job has all.
        </p>
      </div>
      {lines === undefined ? <Loading /> : <Lines lines={lines} />}
    </>
  );
}

function Lines({ lines }: { readonly lines: readonly LogLine[] }): JSX.Element {
  const chosen = CHOICES.find(([name]) => name === query.value.get('level'))?.[0] ?? 'all';
  const least = chosen === 'all' ? 0 : LEVELS.indexOf(chosen);
  const wanted = wantedText();
  const shown = lines.filter(
    ({ level, message }) => LEVELS.indexOf(level) >= least && message.toLowerCase().includes(wanted),
  );
  return (
    <Panel
      title={`Lines (${count(shown.length)} of ${count(lines.length)})`}
      aside={
        <div class="panel-tools">
          <Choice label="Which lines are shown" name="level" options={CHOICES} chosen={chosen} />
          <Search />
        </div>
      }
    >
      {shown.length === 0 && (
        <Empty>{lines.length === 0 ? 'The job has logged nothing yet.' : 'No line that is kept is such a line.'}</Empty>
      )}
      <ol class="log" reversed>
        {shown.toReversed().map(({ level, message, number, time }) => (
          <li key={number}>
            <time dateTime={new Date(time).toISOString()}>{batchTime(time, true)}</time>
            <Mark look={LOOKS[level]} />
            <span class={level === 'error' ? 'log-text error-text' : 'log-text'}>{message}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
