/** saveAsTextFiles and saveAsObjectFiles: one directory for each batch, `<prefix>-<time>[.<suffix>]`. */
import type { Node, Output } from '../node.ts';
import { RDD } from '../rdd.ts';

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
    async run(rdd, time) {
      const form = kind === 'saveAsTextFiles' ? 'text' : 'object';
      await RDD.save(rdd, (number) => batchPath(prefix, suffix, time, number), form);
      return { elements: [], more: 0 };
    },
  };
}

/** As Spark names it: an empty prefix gives the time alone. @param number above 0: where that name is taken */
export function batchPath(prefix: string, suffix: string, time: number, number = 0): string {
  const unique = number === 0 ? String(time) : `${time}-${number}`;
  const name = prefix === '' ? unique : `${prefix}-${unique}`;
  return suffix === '' ? name : `${name}.${suffix}`;
}
