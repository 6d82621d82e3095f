/** Short ways to use a channel in tests. */
import type { Channel, Transaction } from '../../../../src/agent/channels/channel.ts';
import { putAll } from '../../../../src/agent/channels/put-all.ts';
import type { PlainEvent } from '../../../../src/core/event.ts';

export const event = (text: string, headers: Record<string, string> = {}): PlainEvent => ({
  headers,
  body: Buffer.from(text),
});
export const textOf = (taken: PlainEvent | undefined): string | undefined =>
  taken === undefined ? undefined : Buffer.from(taken.body).toString();

export function put(channel: Channel, ...texts: string[]): Promise<void> {
  return putAll(
    channel,
    texts.map((text) => event(text)),
  );
}

export function take(channel: Channel, count: number): { transaction: Transaction; texts: string[] } {
  const transaction = channel.transaction();
  transaction.begin();
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const text = textOf(transaction.take());
    if (text === undefined) break;
    texts.push(text);
  }
  return { transaction, texts };
}

export async function takeAll(channel: Channel, count = 100): Promise<string[]> {
  const { transaction, texts } = take(channel, count);
  await transaction.commit();
  transaction.close();
  return texts;
}

/** Lets everything run that can run without the clock or the outside. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
