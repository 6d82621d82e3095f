/** What failed in a batch: the code, the message, where it was, what helps. */
import type { JSX } from 'preact';
import type { BatchDetail } from '../../data/types.ts';
import { timeOfDay } from '../../format/time.ts';
import { Icon } from '../../parts/icon.tsx';
import { Panel, Site } from '../../parts/panel.tsx';

/** The panel; nothing where nothing has failed. */
export function Failures({ batch: { failures, givenUp } }: { readonly batch: BatchDetail }): JSX.Element | null {
  if (failures.length === 0 && givenUp === null) return null;
  return (
    <Panel title={failures.length > 0 ? `Failed attempts (${failures.length})` : 'Given up'} class="panel-bad">
      {givenUp !== null && (
        <p class="failure">
          <Icon name="alert" /> Given up, its events come again: {givenUp}
        </p>
      )}
      {failures.map(({ attempt, code, hint, message, time, where }) => (
        <article key={attempt} class="failure" aria-label={`Attempt ${attempt}`}>
          <p>
            <Icon name="alert" /> attempt {attempt} at {timeOfDay(time, true)}
            {code !== null && <code class="code">{code}</code>}
            <Site site={where} />
          </p>
          <pre>{message}</pre>
          {hint !== null && <p class="failure-hint">{hint}</p>}
        </article>
      ))}
    </Panel>
  );
}
