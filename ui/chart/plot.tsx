/** A chart on a canvas (uPlot) in a box whose width it follows. It is made anew when its options or the colours change, else it only gets data. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { timeOfDay } from '../format/time.ts';
import { colour, colours } from '../theme.ts';

/** What a chart draws. */
export interface PlotProps {
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  readonly data: readonly (readonly (number | null)[])[];
  /** In px. */
  readonly height: number;
  /** Another one makes another chart. */
  readonly signature: string;
  /** Called with the colours of the moment. */
  readonly options: () => Pick<uPlot.Options, 'series' | 'axes' | 'scales' | 'hooks'>;
  /** The place of the slot under the pointer; undefined: none. */
  readonly onHover?: (at: number | undefined) => void;
  readonly onPick?: (at: number) => void;
  /** Charts of one name show the pointer together. */
  readonly group?: string;
}

const FONT = '11px system-ui, sans-serif';

/** The chart. */
export function Plot(props: PlotProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const { data, height, label, onPick, signature } = props;
  const coloured = colours.value;

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(element.clientWidth, latest), dataOf(latest.current), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [signature, height, coloured]);
  useEffect(() => plot.current?.setData(dataOf({ data })), [data]);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the same batches are links in the tables of /batches.
    <div
      ref={box}
      role="img"
      aria-label={label}
      class={onPick === undefined ? 'plot' : 'plot plot-picks'}
      style={{ height: `${height}px` }}
      onClick={() => {
        const at = plot.current?.cursor.idx;
        if (typeof at === 'number') onPick?.(at);
      }}
    />
  );
}

function dataOf({ data }: Pick<PlotProps, 'data'>): uPlot.AlignedData {
  const [times = [], ...values] = data;
  return [times.map((time) => time ?? 0), ...values.map((one) => [...one])];
}

function optionsOf(width: number, latest: { readonly current: PlotProps }): uPlot.Options {
  const { group, height, hooks = {}, ...rest } = { ...latest.current, ...latest.current.options() };
  const { axes, scales, series } = rest;
  return {
    width,
    height,
    series,
    legend: { show: false },
    // The same for all, so that charts of one group stand under each other.
    padding: [10, 26, 6, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: false },
      ...(group === undefined ? {} : { sync: { key: group } }),
    },
    ...(axes === undefined ? {} : { axes }),
    ...(scales === undefined ? {} : { scales }),
    hooks: { ...hooks, setCursor: [({ cursor }) => latest.current.onHover?.(cursor.idx ?? undefined)] },
  };
}

/** An axis as all charts have it. */
export function axis(more: uPlot.Axis): uPlot.Axis {
  const line = colour('--grid');
  return {
    stroke: colour('--muted'),
    font: FONT,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
    ...more,
  };
}

/** The axis of times, in the viewer's zone. */
export function timeAxis(): uPlot.Axis {
  return axis({
    grid: { show: false },
    space: 76,
    // In s: no labels with ms, which would be too long.
    incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400],
    size: 26,
    values: (_, splits) => splits.map((at) => timeOfDay(at * 1000)),
  });
}
