/** The chart of how costs grow: a panel for each thing that grows, drawn without a browser. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as echarts from 'echarts';
import type { Series } from '../kit/results.ts';

const FILE = fileURLToPath(new URL('../growth.svg', import.meta.url));
const WIDTH = 1200;
const HEIGHT = 320;
const COLORS = ['#2563eb', '#d97706'];
const MARGIN = { left: 4, top: 22, width: 14.5, height: 48 };

/** Writes growth.svg. */
export function writeChart(series: readonly Series[]): void {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  const panels = [...new Map(series.map((each) => [each.chart, each])).values()];
  const names = [...new Set(series.map(({ name }) => name))];
  const step = 100 / panels.length;
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    legend: { data: names, bottom: 0, itemHeight: 8, textStyle: { fontSize: 11 } },
    title: panels.map((each, index) => ({
      text: each.chart,
      left: `${index * step + MARGIN.left}%`,
      top: 8,
      textStyle: { fontSize: 14 },
    })),
    grid: panels.map((_, index) => ({
      left: `${index * step + MARGIN.left}%`,
      top: `${MARGIN.top}%`,
      width: `${MARGIN.width}%`,
      height: `${MARGIN.height}%`,
    })),
    xAxis: panels.map((each, index) => ({
      gridIndex: index,
      type: each.chart === 'threads' ? 'value' : 'log',
      name: each.x,
      nameLocation: 'middle',
      nameGap: 32,
      nameTextStyle: { fontSize: 10 },
      axisLabel: { fontSize: 9, formatter: short, hideOverlap: true },
      minInterval: 1,
    })),
    // By powers of ten: a cost that is flat is a level line whatever it is, and the panels can be compared.
    yAxis: panels.map((_, index) => ({
      gridIndex: index,
      type: 'log',
      min: 0.1,
      max: 100,
      name: index === 0 ? 'CPU µs an event' : '',
      nameTextStyle: { fontSize: 10 },
      axisLabel: { fontSize: 9 },
    })),
    series: series.map((each) => {
      const panel = panels.findIndex(({ chart }) => chart === each.chart);
      return {
        name: each.name,
        type: 'line',
        xAxisIndex: panel,
        yAxisIndex: panel,
        color: COLORS[names.indexOf(each.name)],
        symbolSize: 7,
        data: each.points.map((point) => [...point]),
      };
    }),
  });
  writeFileSync(FILE, `${chart.renderToSVGString()}\n`);
  chart.dispose();
}

/** 1000000 as 1M. */
function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(value);
}
