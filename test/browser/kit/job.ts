/**
 * The job whose page is looked at. It takes events of Flume at PAGE_JOB_PORT and counts them by their first letter; events that begin with
 * `poison` are left out. While the file PAGE_JOB_GATE is not there its output waits; once the file PAGE_JOB_FAIL is there the next batch
 * with data fails once. PAGE_JOB_AGENT names the flume.conf of an agent that it runs beside.
 */
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineJob } from 'streamjob';

const {
  PAGE_JOB_AGENT: agent = '',
  PAGE_JOB_DEAD_LETTERS: deadLetterFile = 'dead-letters.jsonl',
  PAGE_JOB_FAIL: fail = '',
  PAGE_JOB_GATE: gate = '',
  PAGE_JOB_PORT: port = '',
} = process.env;

/** What an event can hold that is shown as text: it must not become a part of a page. */
const HOSTILE = '</script><script>alert(1)</script>\u2028<b>';

export default defineJob({ name: 'looked at', batchInterval: 200, agent, onPoison: 'skip', deadLetterFile }, (ssc) => {
  const letters = ssc.flumeStream({ host: '127.0.0.1', port: Number(port) }).map((event) => {
    const text = event.text();
    if (text.startsWith('poison')) throw new Error(`${HOSTILE} in ${text.slice(0, 6)}`);
    return text.slice(0, 1);
  });
  letters
    .map((letter): [string, number] => [letter, 1])
    .reduceByKey((a, b) => a + b)
    .updateStateByKey(([count = 0], sum = 0) => sum + count)
    .print();
  letters.foreachRDD(async (rdd) => {
    if ((await rdd.count()) === 0) return;
    while (!existsSync(gate)) await sleep(20);
    if (!existsSync(fail)) return;
    rmSync(fail);
    throw new Error('the table is <b>locked</b>');
  });
});
