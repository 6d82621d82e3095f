/**
 * window: at a multiple of the slide, the data of the parent's times in (time - window, time]. Before the first window is
 * full it holds what there is. Source: Spark's WindowedDStream.
 */
import { StreamjobError } from '../../core/errors.ts';
import { isMultipleOf } from '../../core/time.ts';
import type { Lineage } from '../lineage.ts';
import type { Node, NodeSpec } from '../node.ts';

/**
 * @param windowMs how far back it reaches
 * @param slideMs how often it has data
 * @throws StreamjobError CONFIG_INVALID when either is no multiple of the parent's slide
 */
export function windowNode<T>(parent: Node<T>, windowMs: number, slideMs: number): NodeSpec<T> {
  requireMultiple('window duration', windowMs, parent);
  requireMultiple('slide duration', slideMs, parent);
  return {
    name: 'window',
    parents: [parent],
    slideMs,
    windowMs,
    lineage(time, batch) {
      const slices: Lineage<T>[] = [];
      for (const at of batch.times(parent, time - windowMs, time)) {
        const slice = batch.of(parent, at);
        if (slice !== undefined) slices.push(slice);
      }
      return { kind: 'union', parents: slices };
    },
  };
}

/** @throws StreamjobError CONFIG_INVALID */
export function requireMultiple(what: string, ms: number, parent: Node<unknown>): void {
  if (isMultipleOf(ms, parent.slideMs)) return;
  throw new StreamjobError(
    'CONFIG_INVALID',
    `the ${what} (${ms} ms) is not a multiple of the slide duration of its parent (${parent.slideMs} ms)`,
    {
      where: `window on ${parent.name}`,
      hint: `use a multiple of ${parent.slideMs} ms`,
    },
  );
}
