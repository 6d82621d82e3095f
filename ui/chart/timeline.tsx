/** The timeline of batches: what the time of each was spent on, the line of the batch interval, and below it how many events came. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { jobPath, timesNeedMs } from '../data/live.ts';
import type { Minute, TimelineBatch } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { duration, fineDuration, inUnit, unitOf } from '../format/duration.ts';
import { counted, shortCount } from '../format/number.ts';
import { batchTime } from '../format/time.ts';
import { goTo, query } from '../navigation.ts';
import { Choice } from '../parts/choice.tsx';
import { Panel } from '../parts/panel.tsx';
import { SegmentKey } from '../parts/segments.tsx';
import { useWidth } from '../parts/use-width.ts';
import { batchPath } from '../route.ts';
import { colour } from '../theme.ts';
import {
  heightOf,
  roundedUp,
  SEGMENTS,
  type Slot,
  slotMsFor,
  slotsOf,
  slotsOfMinutes,
  stackOf,
  sumOf,
} from './buckets.ts';
import { axis, Plot, timeAxis } from './plot.tsx';
import { MINUTES_MS, type SpanName, spanChoices, spanOf } from './spans.ts';

interface TimelineProps {
  /** Oldest first. */
  readonly batches: readonly TimelineBatch[];
  readonly batchIntervalMs: number;
}

const AXIS_PX = 58;
/** Steps of an axis of durations, in ms. */
const TIME_STEPS = [
  ...[0.1, 1, 10, 100, 1000].flatMap((one) => [one, 2 * one, 5 * one]),
  ...[10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18_000, 36_000, 86_400].map((seconds) => seconds * 1000),
];
const SLOT_PX = 9;
const SLOTS = { least: 24, most: 120 };

const MINUTE_MS = 60_000;
/** Minutes change once a minute; the present one is shown as it grows. */
const MINUTES_EVERY_MS = 5000;

/** The panel. */
export function Timeline({ batches, batchIntervalMs }: TimelineProps): JSX.Element {
  const [box, width] = useWidth<HTMLDivElement>();
  const [hovered, setHovered] = useState<number | undefined>(undefined);
  const slots = Math.min(SLOTS.most, Math.max(SLOTS.least, Math.floor((width - AXIS_PX) / SLOT_PX)));
  const { kept, made, slotMs, span } = useSlots(batches, batchIntervalMs, slots);
  const shown = (hovered === undefined ? undefined : made[hovered]) ?? made.findLast(({ slowest }) => slowest);
  const pick = (at: number): void => {
    const batch = made[at]?.slowest;
    if (batch !== undefined) goTo(batchPath(batch.time));
  };
  const common = { onHover: setHovered, onPick: pick, group: 'timeline' };
  return (
    <Panel
      title="Timeline"
      aside={
        <Choice
          label="How much of the history is shown"
          name="span"
          options={spanChoices(batchIntervalMs, kept)}
          chosen={span}
          isNamed
        />
      }
    >
      <p class="readout">{readoutOf(shown, timesNeedMs.value)}</p>
      <SegmentKey segments={shown?.slowest?.segments} />
      <div ref={box} class="plots">
        {width > 0 && <Delays slots={made} slotMs={slotMs} batchIntervalMs={batchIntervalMs} {...common} />}
        {width > 0 && <Events slots={made} slotMs={slotMs} {...common} />}
      </div>
    </Panel>
  );
}

interface Slots {
  readonly kept: number;
  readonly made: readonly Slot[];
  readonly slotMs: number;
  readonly span: SpanName;
}

/** What is drawn, by the span that the address names. */
function useSlots(batches: readonly TimelineBatch[], batchIntervalMs: number, slots: number): Slots {
  const over = useMemo(() => batches.filter(({ status }) => status === 'COMPLETED'), [batches]);
  const keptMs = (over.at(-1)?.time ?? 0) - (over[0]?.time ?? 0);
  // Batches that are cut eagerly come closer than the interval.
  const isDense = over.length > 2 + (2 * keptMs) / batchIntervalMs;
  const span = spanOf(query.value.get('span'), isDense ? 'all' : 'batches');
  const backMs = MINUTES_MS[span];
  const path = jobPath.value;
  const asked = backMs === undefined ? undefined : path && `${path}/minutes`;
  const minutes = useLatest<readonly Minute[]>(asked, MINUTES_EVERY_MS).value;
  const slotMs =
    backMs !== undefined
      ? slotMsFor(backMs, { batchIntervalMs: MINUTE_MS, slots, isDense: false })
      : span === 'all'
        ? slotMsFor(keptMs, { batchIntervalMs, slots, isDense })
        : batchIntervalMs;
  const made = useMemo(() => {
    if (backMs === undefined) return slotsOf(over, { slotMs, slots });
    return slotsOfMinutes(minutes ?? [], { slotMs, slots: Math.min(slots, Math.ceil(backMs / slotMs)) });
  }, [backMs, minutes, over, slotMs, slots]);
  return { kept: over.length, made, slotMs, span };
}

/** What is under the pointer, or came last, in words. */
function readoutOf(slot: Slot | undefined, withMs: boolean): string {
  if (slot?.slowest === undefined) return 'No batch is over yet.';
  const { events, segments, time } = slot.slowest;
  const which = slot.batches > 1 ? `slowest of ${counted(slot.batches, 'batch', 'batches')}: ` : '';
  const all = fineDuration(sumOf(segments));
  const failed = slot.failures === 0 ? '' : ` · ${counted(slot.failures, 'failed attempt')}`;
  return `${batchTime(time, withMs)} · ${which}${counted(events, 'event')} · ${all} until acknowledged${failed}`;
}

type PlotCommon = Pick<Parameters<typeof Plot>[0], 'onHover' | 'onPick' | 'group'>;

interface DelaysProps extends PlotCommon {
  readonly slots: readonly Slot[];
  readonly slotMs: number;
  readonly batchIntervalMs: number;
}

function Delays({ batchIntervalMs, slotMs, slots, ...common }: DelaysProps): JSX.Element {
  const largest = Math.max(0, ...slots.map(({ slowest }) => (slowest === undefined ? 0 : sumOf(slowest.segments))));
  const top = heightOf(largest, batchIntervalMs);
  const data = useMemo(() => stackOf(slots), [slots]);
  return (
    <Plot
      {...common}
      label={`Time of the last batches by what it was spent on; the slowest took ${duration(largest)}. The tables of the view Batches have the numbers.`}
      data={data}
      height={220}
      signature={`${top} ${slotMs} ${batchIntervalMs}`}
      options={(inks: Inks = [colour('--text'), colour('--surface')]) => ({
        scales: { x: xScale(slotMs), y: { range: () => [0, top] } },
        axes: [
          { ...timeAxis(), show: false },
          axis({
            size: AXIS_PX,
            space: 36,
            incrs: TIME_STEPS,
            values: (_, splits) => splits.map((at) => inUnit(at, unitOf(top), (splits[1] ?? 1) - (splits[0] ?? 0))),
          }),
        ],
        series: [{}, ...SEGMENTS.toReversed().map((name) => bars(`--segment-${name}`))],
        hooks: { draw: [(plot) => drawInterval(plot, batchIntervalMs, top, inks)] },
      })}
    />
  );
}

interface EventsProps extends PlotCommon {
  readonly slots: readonly Slot[];
  readonly slotMs: number;
}

function Events({ slotMs, slots, ...common }: EventsProps): JSX.Element {
  const data = useMemo(
    () => [slots.map(({ time }) => time / 1000), slots.map(({ batches, events }) => (batches === 0 ? null : events))],
    [slots],
  );
  const most = Math.max(0, ...slots.map(({ events }) => events));
  const top = roundedUp(Math.max(4, most));
  return (
    <>
      <p class="plot-title">Events per {slots.some(({ batches }) => batches > 1) ? duration(slotMs) : 'batch'}</p>
      <Plot
        {...common}
        label={`Events of the last batches; at most ${counted(most, 'event')} in a bar.`}
        data={data}
        height={110}
        signature={`${top} ${slotMs}`}
        options={() => ({
          scales: { x: xScale(slotMs), y: { range: () => [0, top] } },
          axes: [timeAxis(), axis({ size: AXIS_PX, space: 30, values: (_, splits) => splits.map(shortCount) })],
          series: [{}, bars('--accent')],
        })}
      />
    </>
  );
}

function xScale(slotMs: number): uPlot.Scale {
  const half = slotMs / 2000;
  return { time: true, range: (_, min, max) => [min - half, max + half] };
}

function bars(name: string): uPlot.Series {
  const paths = uPlot.paths.bars?.({ size: [0.78, 28], align: 0 });
  return { fill: colour(name), width: 0, points: { show: false }, ...(paths === undefined ? {} : { paths }) };
}

/** Of texts and of what is behind them. */
type Inks = readonly [string, string];

function drawInterval(plot: uPlot, batchIntervalMs: number, top: number, [ink, paper]: Inks): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const isAbove = batchIntervalMs > top;
  const y = isAbove ? bbox.top + 1 : plot.valToPos(batchIntervalMs, 'y', true);
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  const text = isAbove
    ? `batch interval ${duration(batchIntervalMs)}: far above ↑`
    : `batch interval ${duration(batchIntervalMs)}`;
  if (!isAbove) {
    ctx.strokeStyle = ink;
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  const isNearTop = y - bbox.top < 16 * ratio;
  ctx.textBaseline = isNearTop ? 'top' : 'bottom';
  const { width } = ctx.measureText(text);
  ctx.globalAlpha = 0.8;
  ctx.fillStyle = paper;
  ctx.fillRect(
    bbox.left + bbox.width - width - 8 * ratio,
    isNearTop ? y + ratio : y - 17 * ratio,
    width + 8 * ratio,
    16 * ratio,
  );
  ctx.globalAlpha = 1;
  ctx.fillStyle = ink;
  ctx.fillText(text, bbox.left + bbox.width - 4 * ratio, isNearTop ? y + 3 * ratio : y - 3 * ratio);
  ctx.restore();
}
