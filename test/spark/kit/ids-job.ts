/**
 * Counts how often each id has come, for ever, and writes to the file SPARK_JOB_IDS how many ids there are and how often the most frequent
 * one has come. Ids are in the header `id`.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { defineJob } from 'streamjob';

const { SPARK_JOB_PORT: port = '0', SPARK_JOB_IDS: file = '' } = process.env;

export default defineJob({ name: 'ids', batchInterval: '500ms' }, (ssc) => {
  ssc
    .flumeStream({ host: '127.0.0.1', port: Number(port), dedupe: { header: 'id' }, peerRequestTimeout: '120s' })
    .map((event) => [event.headers['id'] ?? '', 1] as [string, number])
    .updateStateByKey((values, before: number | undefined = 0) => before + values.length)
    .map(([, count]) => ['ids', { ids: 1, most: count }] as [string, { ids: number; most: number }])
    .reduceByKey((a, b) => ({ ids: a.ids + b.ids, most: Math.max(a.most, b.most) }))
    .foreachRDD(async (rdd) => {
      const [found] = await rdd.collect();
      // In one step: a reader never sees a part of it.
      writeFileSync(`${file}.new`, JSON.stringify(found?.[1] ?? { ids: 0, most: 0 }));
      renameSync(`${file}.new`, file);
    });
});
