/**
 * Words of a text server, counted from the start on: Spark's StatefulNetworkWordCount. "hello" and "world" begin at 1.
 *
 *   nc -lk 9999
 *   streamjob run jobs/stateful-network-wordcount.ts
 */
import { defineJob, type State, StateSpec } from 'streamjob';

const [HOST, PORT] = [process.env['HOST'] ?? 'localhost', Number(process.env['PORT'] ?? 9999)];

const counting = StateSpec.function((word: string, one: number | undefined, count: State<number>) => {
  const sum = (count.getOption() ?? 0) + (one ?? 0);
  count.update(sum);
  return [word, sum] as const;
}).initialState([
  ['hello', 1],
  ['world', 1],
]);

export default defineJob({ name: 'stateful-network-wordcount', batchInterval: '1s' }, (ssc) => {
  ssc
    .socketTextStream(HOST, PORT)
    .flatMap((line) => line.split(' '))
    .map((word) => [word, 1] as const)
    .mapWithState(counting)
    .print();
});
