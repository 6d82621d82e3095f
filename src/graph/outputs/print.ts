/** print: the first elements of each batch, in the format of Spark's print. */
import { inspect } from 'node:util';
import { count, misfit, text } from '../../core/options.ts';
import type { Node, Output } from '../node.ts';

const RULE = '-'.repeat(43);

const NUM = count({});
const LABEL = text({ expected: 'a text of one line, such as the name of what is printed' });

/**
 * @param num how many elements are shown at most @param label stands in the head, behind the time
 * @throws StreamjobError CONFIG_INVALID
 */
export function printOutput<T>(node: Node<T>, num: number, label?: string): Omit<Output<T>, 'id'> {
  if (NUM.read(num, 'print', false) === undefined) throw misfit('num', num, NUM, 'print');
  if (label !== undefined && (LABEL.read(label, 'print', false) === undefined || /[\r\n]/.test(label))) {
    throw misfit('label', label, LABEL, 'print');
  }
  return {
    kind: 'print',
    node,
    async run(rdd, time, write) {
      const all = await rdd.collect();
      const elements = all.slice(0, num);
      write(formatBatch(time, elements, all.length > num, label));
      return { elements, more: all.length - elements.length, ...(label === undefined ? {} : { label }) };
    },
  };
}

/** The text of one batch: a head with the time, and the label if there is one, the elements, `...` when there are more, an empty line. */
export function formatBatch(time: number, elements: readonly unknown[], more: boolean, label?: string): string {
  const lines = [
    RULE,
    `Time: ${time} ms${label === undefined ? '' : ` (${label})`}`,
    RULE,
    ...elements.map(formatElement),
  ];
  if (more) lines.push('...');
  return `${lines.join('\n')}\n\n`;
}

/** Pairs as `(k,v)`, as Scala shows its tuples; texts as they are; all else as Node shows it, on one line. */
export function formatElement(element: unknown): string {
  if (Array.isArray(element) && element.length === 2) return `(${formatPart(element[0])},${formatPart(element[1])})`;
  return formatPart(element);
}

function formatPart(value: unknown): string {
  if (typeof value === 'string') return value;
  return inspect(value, {
    breakLength: Number.POSITIVE_INFINITY,
    depth: 6,
    maxArrayLength: 100,
  });
}
