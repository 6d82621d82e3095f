/** saveAsTextFiles and saveAsObjectFiles: one directory for each batch, `<prefix>-<time>[.<suffix>]`. */
import type { Node, Output } from '../node.ts';
import { objectPart, saveParts, textPart } from '../save.ts';

/** @param kind 'saveAsTextFiles' or 'saveAsObjectFiles' */
export function saveOutput<T>(
  node: Node<T>,
  kind: 'saveAsTextFiles' | 'saveAsObjectFiles',
  prefix: string,
  suffix: string,
): Omit<Output<T>, 'id'> {
  return {
    kind,
    node,
    async run(rdd, time, _write, batch) {
      const encode = kind === 'saveAsTextFiles' ? textPart : objectPart;
      await saveParts(batchPath(prefix, suffix, time), await rdd.glom().collect(), encode, batch);
      return { elements: [], more: 0 };
    },
  };
}

/** As Spark names it: an empty prefix gives the time alone. */
export function batchPath(prefix: string, suffix: string, time: number): string {
  const name = prefix === '' ? String(time) : `${prefix}-${time}`;
  return suffix === '' ? name : `${name}.${suffix}`;
}
