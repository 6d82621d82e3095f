/** Chooses the batch that the graph shows: by a slider over those that are kept, or now. The choice stands in the address. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { batches, timesNeedMs } from '../../data/live.ts';
import { counted } from '../../format/number.ts';
import { batchTime } from '../../format/time.ts';
import { batchAt, placeOf } from '../../graph/history.ts';
import { setQuery } from '../../navigation.ts';
import { Panel } from '../../parts/panel.tsx';
import { batchPath } from '../../route.ts';

/** The panel. @param props `chosen`: the time of the batch; undefined: now */
export function HistorySlider({ chosen }: { readonly chosen: number | undefined }): JSX.Element {
  const all = batches.value;
  const over = useMemo(() => all.filter(({ status }) => status === 'COMPLETED'), [all]);
  const place = placeOf(over, chosen);
  const batch = chosen === undefined ? undefined : over.find(({ time }) => time === chosen);
  const text =
    chosen === undefined
      ? 'now: the last seconds'
      : `batch ${batchTime(chosen, timesNeedMs.value)}${batch === undefined ? '' : `, ${counted(batch.events, 'event')}`}`;
  return (
    <Panel
      title="When"
      aside={<p class="aside">{chosen === undefined ? text : <a href={batchPath(chosen)}>{text}</a>}</p>}
    >
      <div class="history">
        <input
          type="range"
          aria-label="Batch that the graph shows"
          aria-valuetext={text}
          min={0}
          max={over.length}
          step={1}
          value={place}
          disabled={over.length === 0}
          onInput={({ currentTarget: { value } }) => {
            const next = batchAt(over, Number(value));
            setQuery({ batch: next === undefined ? null : String(next.time) });
          }}
        />
        <button
          type="button"
          class="tool"
          aria-pressed={chosen === undefined}
          onClick={() => setQuery({ batch: null })}
        >
          Now
        </button>
      </div>
    </Panel>
  );
}
