/** The list of sink types. */
import { type Registry, registry } from '../../core/registry.ts';
import { avro } from './avro.ts';
import { fileRoll } from './file-roll.ts';
import { hbase, hbase2 } from './hbase.ts';
import { hdfs } from './hdfs.ts';
import { httpSink } from './http.ts';
import { logger } from './logger.ts';
import { nullSink } from './null.ts';
import type { SinkType } from './sink.ts';
import { spark } from './spark.ts';

/** All sink types, by their names. */
export const sinks: Registry<SinkType> = registry('sink', [
  avro,
  fileRoll,
  logger,
  nullSink,
  httpSink,
  hdfs,
  hbase2,
  hbase,
  spark,
]);
