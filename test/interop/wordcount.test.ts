/** What docker-compose.yml runs, without containers: the word counts of jobs/, without their embedded agent, fed by real Flume. */
import path from 'node:path';
import { expect } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { startFlume } from './kit/flume.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith, repository } from './kit/peers.ts';
import { it } from './kit/scene.ts';
import { startStreamjob } from './kit/streamjob.ts';

/** The fields of a batch's line that are read here. */
interface BatchLine {
  readonly acked: number;
  readonly outputs: readonly { readonly elements: readonly (readonly [string, number])[] }[];
}

const cases = [
  { job: 'wordcount', conf: 'push.conf', portName: 'JOB_PORT' },
  { job: 'wordcount-pull', conf: 'pull.conf', portName: 'FLUME_SINK_PORT' },
] as const;

describeWith(['flume'], 'real Flume feeds the word counts of jobs/', () => {
  for (const { job, conf, portName } of cases) {
    it(`streamjob run jobs/${job}.ts --agent '': every word is counted right, every event acknowledged`, async ({
      scene,
    }) => {
      const port = String(await freePort());
      const flume = await startFlume(scene, { name: 'flume', confs: [conf], env: { [portName]: port } });
      const file = path.join(repository, 'jobs', `${job}.ts`);
      const streamjob = startStreamjob(scene, ['run', file, '--agent', '', '--json'], { WORDCOUNT_PORT: port });
      // Few enough that print(1000) shows the ids, which are words as well.
      const lines = makeLines('e', 300);
      spool(flume.work, 'lines.txt', lines);
      const batches = () => streamjob.stdout.map((line) => JSON.parse(line) as BatchLine);
      const acked = () => batches().reduce((sum, batch) => sum + batch.acked, 0);
      await scene.until(() => acked() >= lines.ids.length, 'all events have been acknowledged');
      const counts = new Map<string, number>();
      for (const [word, count] of batches().flatMap(({ outputs }) => outputs[0]?.elements ?? [])) {
        counts.set(word, (counts.get(word) ?? 0) + count);
      }
      expect(counts).toEqual(new Map([...lines.words, ...lines.ids.map((id) => [id, 1] as const)]));
      expect(acked()).toBe(lines.ids.length);
    });
  }
});
