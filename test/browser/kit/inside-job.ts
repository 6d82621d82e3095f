/** A job that always has something to do: words come by themselves, are counted for ever, and counted in windows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineJob } from 'streamjob';

async function* words(): AsyncGenerator<string> {
  for (let i = 0; ; i++) {
    yield i % 3 === 0 ? 'often' : `word-${i % 50}`;
    if (i % 20 === 0) await sleep(20);
  }
}

/** Takes a while, so that it is seen in a profile. */
function spellSlowly(word: string): { readonly word: string; readonly letters: number } {
  let letters = 0;
  for (let i = 0; i < 40_000; i++) letters += Math.sqrt(word.length + i) > 0 ? 1 : 0;
  return { word, letters: letters > 0 ? word.length : 0 };
}

export default defineJob({ name: 'looked into', batchInterval: 200 }, (ssc) => {
  const spelled = ssc.fromObservable(words()).map(spellSlowly);
  spelled
    .map(({ word }) => [word, 1] as [string, number])
    .updateStateByKey((counts, sum = 0) => sum + counts.length)
    .print();
  spelled.window('1s', '200ms').count().print();
});
