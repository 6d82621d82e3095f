/** The last values that an operator gave: asked for as long as the view is open. Which operator stands in the address. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { jobPath, paused } from '../data/live.ts';
import type { Graph } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { counted } from '../format/number.ts';
import { timeOfDay } from '../format/time.ts';
import { query, setQuery } from '../navigation.ts';
import { Loading } from '../parts/loading.tsx';
import { Empty, Panel, Site } from '../parts/panel.tsx';
import { Scroll } from '../parts/scroll.tsx';

interface Tapped {
  readonly time: number;
  readonly count: number;
  readonly values: readonly unknown[];
}

const MOST_BATCHES = 50;

/** The view. */
export function Tap(): JSX.Element {
  const path = jobPath.value;
  const graph = useLatest<Graph>(path && `${path}/graph`, 0).value;
  const asked = query.value.get('operator') ?? '';
  const operator = graph?.operators.find(({ id }) => String(id) === asked);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Tap</h1>
        <p class="sub">
          Some of the values that an operator gives, from the next batch on. Nothing is looked at when this view is
          closed.
        </p>
      </div>
      {graph === undefined && <Loading />}
      {graph !== undefined && (
        <Panel title="Operator">
          <label class="search">
            <span>Look at</span>
            <select
              value={asked}
              onChange={({ currentTarget: { value } }) => setQuery({ operator: value === '' ? null : value })}
            >
              <option value="">nothing</option>
              {graph.operators.map(({ id, name, site }) => (
                <option key={id} value={String(id)}>{`${id} ${name}${site === null ? '' : ` at ${site}`}`}</option>
              ))}
            </select>
          </label>
        </Panel>
      )}
      {path !== undefined && operator !== undefined && (
        <Values key={operator.id} path={`${path}/tap/${operator.id}`} name={operator.name} site={operator.site} />
      )}
    </>
  );
}

interface ValuesProps {
  readonly path: string;
  readonly name: string;
  readonly site: string | null;
}

function Values({ name, path, site }: ValuesProps): JSX.Element {
  const [batches, setBatches] = useState<readonly Tapped[]>([]);
  const [isOpen, setOpen] = useState(true);
  useEffect(() => {
    const source = new EventSource(path);
    let news: Tapped[] = [];
    // However often batches come, what is shown changes four times a second.
    const timer = setInterval(() => {
      if (news.length === 0 || paused.peek()) return;
      const come = news;
      news = [];
      setBatches((known) => [...come.reverse(), ...known].slice(0, MOST_BATCHES));
    }, 250);
    source.addEventListener('tap', (event: MessageEvent<string>) => {
      const tapped = JSON.parse(event.data) as Tapped;
      if (tapped.count > 0) news = [...news, tapped].slice(-MOST_BATCHES);
    });
    source.addEventListener('open', () => setOpen(true));
    source.addEventListener('error', () => setOpen(false));
    return () => {
      source.close();
      clearInterval(timer);
    };
  }, [path]);
  return (
    <Panel title={`What ${name} gives`} aside={<Site site={site} />}>
      {!isOpen && <p class="error-text">The job does not answer; it is asked again.</p>}
      {batches.length === 0 && <Empty>Nothing yet: values are shown from the next batch on that has some.</Empty>}
      {batches.length > 0 && (
        <Scroll label={`Values of ${name}`}>
          <ol class="tapped">
            {batches.map(({ count, time, values }) => (
              <li key={time}>
                <p>
                  <a href={`/batches/${time}`}>{timeOfDay(time, true)}</a>{' '}
                  <span class="aside">
                    {counted(count, 'value')}
                    {values.length > 0 && values.length < count ? `, ${values.length} of them` : ''}
                  </span>
                </p>
                {values.length > 0 && <pre>{values.map((value) => JSON.stringify(value)).join('\n')}</pre>}
              </li>
            ))}
          </ol>
        </Scroll>
      )}
    </Panel>
  );
}
