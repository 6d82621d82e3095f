/** The chart of how costs grow: a panel for each thing that grows, drawn without a browser. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as echarts from 'echarts';
import type { Series } from '../kit/results.ts';

const FILE = fileURLToPath(new URL('../growth.svg', import.meta.url));
const WIDTH = 1200;
const HEIGHT = 300;
const MARGIN = { left: 4, top: 22, width: 14.5, height: 52 };

/** Writes growth.svg. */
export function writeChart(series: readonly Series[]): void {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  const step = 100 / series.length;
  const most = Math.max(...series.flatMap(({ points }) => points.map(([, y]) => y)));
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: series.map((each, index) => ({
      text: each.chart,
      left: `${index * step + MARGIN.left}%`,
      top: 8,
      textStyle: { fontSize: 14 },
    })),
    grid: series.map((_, index) => ({
      left: `${index * step + MARGIN.left}%`,
      top: `${MARGIN.top}%`,
      width: `${MARGIN.width}%`,
      height: `${MARGIN.height}%`,
    })),
    xAxis: series.map((each, index) => ({
      gridIndex: index,
      type: each.chart === 'threads' ? 'value' : 'log',
      name: each.x,
      nameLocation: 'middle',
      nameGap: 32,
      nameTextStyle: { fontSize: 10 },
      axisLabel: { fontSize: 9, formatter: short, hideOverlap: true },
      minInterval: 1,
    })),
    yAxis: series.map((_, index) => ({
      gridIndex: index,
      min: 0,
      max: Math.ceil(most),
      name: index === 0 ? 'CPU µs an event' : '',
      nameTextStyle: { fontSize: 10 },
      axisLabel: { fontSize: 9 },
    })),
    series: series.map((each, index) => ({
      name: each.name,
      type: 'line',
      xAxisIndex: index,
      yAxisIndex: index,
      symbolSize: 7,
      data: each.points.map((point) => [...point]),
    })),
  });
  writeFileSync(FILE, `${chart.renderToSVGString()}\n`);
  chart.dispose();
}

/** 1000000 as 1M. */
function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(value);
}
