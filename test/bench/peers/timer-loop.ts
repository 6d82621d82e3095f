/** The least that answering at an interval costs: a server that holds requests and answers all of them at each tick. timer-loop.ts PORT INTERVAL_MS */
import { type Answer, listen } from './flume-service.ts';

const [port, interval] = process.argv.slice(2).map(Number) as [number, number];
let held: Answer[] = [];

listen(port, (_events, answer) => {
  held.push(answer);
});

setInterval(() => {
  const taken = held;
  held = [];
  for (const answer of taken) answer(null, 'OK');
}, interval);
