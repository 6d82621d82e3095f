/** A flame graph: boxes upon each other, the caller above, as wide as the time that it and what it called took. A click or Enter makes a box as wide as all. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { FlameNode } from '../../data/types.ts';
import { boxesOf, type FlameBox, nodeAt, ownerOf } from '../../flame/layout.ts';
import { duration } from '../../format/duration.ts';

const ROW = 20;
const OWNERS = [
  ['job', 'the job'],
  ['package', 'packages'],
  ['machine', 'Node and the machine'],
] as const;

/** The drawing. */
export function Flame({ label, root }: { readonly root: FlameNode; readonly label: string }): JSX.Element {
  const [focus, setFocus] = useState<readonly number[]>([]);
  const boxes = useMemo(() => boxesOf(root, focus), [root, focus]);
  const rows = 1 + Math.max(...boxes.map(({ depth }) => depth));
  const shown = nodeAt(root, focus);
  return (
    <div class="flame-frame">
      <div class="row">
        <p class="note" aria-live="polite">
          {`${shown.name}: ${duration(shown.totalMs)}, ${duration(shown.selfMs)} of it in itself`}
        </p>
        {focus.length > 0 && (
          <button type="button" class="tool" onClick={() => setFocus([])}>
            Show all
          </button>
        )}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a list of boxes that lie over each other is no fieldset. */}
      <div
        class="flame"
        role="group"
        aria-label={`${label}; the table below says the same of single functions.`}
        style={{ height: `${rows * ROW}px` }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setFocus([]);
        }}
      >
        {boxes.map((box) => (
          <Box key={box.path.join('.')} box={box} all={root.totalMs} onFocus={() => setFocus(box.path)} />
        ))}
      </div>
      <ul class="key">
        {OWNERS.map(([owner, text]) => (
          <li key={owner}>
            <span class={`chip flame-${owner}`} aria-hidden="true" />
            {text}
          </li>
        ))}
      </ul>
    </div>
  );
}

interface BoxProps {
  readonly box: FlameBox;
  readonly all: number;
  readonly onFocus: () => void;
}

function Box({ all, box: { depth, left, node, width }, onFocus }: BoxProps): JSX.Element {
  const percent = Math.round((node.totalMs / Math.max(1e-9, all)) * 1000) / 10;
  const what = `${node.name}${node.place === '' ? '' : ` at ${node.place}`}: ${duration(node.totalMs)}, ${percent} %`;
  return (
    <button
      type="button"
      class={`flame-box flame-${ownerOf(node.place)}`}
      style={{ left: `${left * 100}%`, width: `${width * 100}%`, top: `${depth * ROW}px`, height: `${ROW - 1}px` }}
      title={what}
      aria-label={what}
      onClick={onFocus}
    >
      {width > 0.03 ? node.name : ''}
    </button>
  );
}
