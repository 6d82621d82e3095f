/** The boxes and lines of the drawing. */
import type { JSX } from 'preact';
import type { Shares } from '../../data/types.ts';
import { BOX, type Box, type Line, labelPlaceOf, pathOf } from '../../graph/layout.ts';
import { occupationOf, occupationText } from '../../graph/occupation.ts';
import { shortened } from '../../graph/shortened.ts';

const MOST_TITLE = 22;
const MOST_SITE = 30;
const BAR_HEIGHT = 5;

/** The head of the arrows. */
export function Arrow(): JSX.Element {
  return (
    <defs>
      <marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">
        <path d="M0,0.8L7.5,4L0,7.2z" />
      </marker>
    </defs>
  );
}

/** A line; its label is empty where nothing was counted. */
export function Edge({ label, line }: { readonly line: Line; readonly label: string }): JSX.Element {
  const [x, y] = labelPlaceOf(line);
  return (
    <>
      <path class="edge" d={pathOf(line)} marker-end="url(#arrow)" />
      {label !== '' && (
        <text class="edge-label" x={x} y={y + 4} text-anchor="middle">
          {label}
        </text>
      )}
    </>
  );
}

interface BoxProps {
  readonly box: Box;
  readonly shares: Shares | undefined;
  readonly isReadable: boolean;
  /** Whether it takes most of the time, and whether the job is held up by that. */
  readonly isBottleneck: boolean;
  readonly isHolding: boolean;
}

/** A box. */
export function BoxShape({ box, isBottleneck, isHolding, isReadable, shares }: BoxProps): JSX.Element {
  const { isStateful, kind, site, title, x, y } = box;
  const occupation = shares === undefined ? '' : ` occupied-${occupationOf(shares)}`;
  const bottleneck = isBottleneck ? ` box-bottleneck${isHolding ? ' box-holding' : ''}` : '';
  const words = shares === undefined ? '' : occupationText(shares);
  return (
    <g
      class={`box box-${kind}${isStateful ? ' box-stateful' : ''}${occupation}${bottleneck}`}
      transform={`translate(${x},${y})`}
    >
      <title>{[title, site === null ? '' : ` at ${site}`, words === '' ? '' : `: ${words}`].join('')}</title>
      <rect class="box-body" width={BOX.width} height={BOX.height} rx={kind === 'operator' ? 5 : 14} />
      {shares !== undefined && <Bar shares={shares} />}
      {isReadable && (
        <Texts box={box} mark={isBottleneck ? (isHolding ? 'bottleneck' : 'most of the time') : ''} words={words} />
      )}
    </g>
  );
}

interface TextsProps {
  readonly box: Box;
  readonly mark: string;
  readonly words: string;
}

function Texts({ box, mark, words }: TextsProps): JSX.Element {
  const { isStateful, kind, note, site, title } = box;
  const marks = [mark, kind === 'operator' ? '' : kind, isStateful ? 'keeps states' : '', note].filter(
    (one) => one !== '',
  );
  return (
    <>
      <text class="box-title" x="12" y="20">
        {shortened(title, MOST_TITLE, 'end')}
      </text>
      <text class="box-site" x="12" y="36">
        {shortened(site ?? '', MOST_SITE, 'start')}
      </text>
      <text class="box-note" x="12" y="52">
        {marks.join(' · ')}
      </text>
      <text class="box-words" x="12" y="67">
        {words}
      </text>
    </>
  );
}

/** Busy, back-pressured, idle, from the left to the right. */
function Bar({ shares: { backPressured, busy } }: { readonly shares: Shares }): JSX.Element {
  const length = BOX.width - 24;
  const y = BOX.height - BAR_HEIGHT - 6;
  return (
    <>
      <rect class="bar-idle" x="12" y={y} width={length} height={BAR_HEIGHT} rx="2" />
      <rect class="bar-busy" x="12" y={y} width={length * busy} height={BAR_HEIGHT} />
      <rect class="bar-pressed" x={12 + length * busy} y={y} width={length * backPressured} height={BAR_HEIGHT} />
    </>
  );
}
