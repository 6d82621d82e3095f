/** The flume.conf of an agent that reads files: its source, a file channel, a file_roll sink. */

/** Lines of a transaction of the source. */
export const BATCH = 10;

/** What it is made of. */
export interface FilesConf {
  /** Of the source: `KEY = VALUE`. */
  readonly source: readonly string[];
  readonly channelDir: string;
  /** Where the sink writes. */
  readonly out: string;
}

/** The text of the file; its agent is a1. Each event has the header id, which its source gives to it. */
export function filesConf({ source, channelDir, out }: FilesConf): string {
  const parts = {
    'sources.r1': [
      ...source,
      ...[`batchSize = ${BATCH}`, 'channels = c1', 'interceptors = i1', 'interceptors.i1.type = uuid'],
    ],
    'channels.c1': [
      ...['type = file', `checkpointDir = ${channelDir}/checkpoint`, `dataDirs = ${channelDir}/data`],
      'minimumRequiredSpace = 1048576',
    ],
    'sinks.k1': [
      ...['type = file_roll', 'channel = c1', `sink.directory = ${out}`, 'sink.rollInterval = 0'],
      'sink.serializer = header_and_text',
    ],
  };
  const named = Object.entries(parts).flatMap(([name, lines]) => lines.map((line) => `a1.${name}.${line}`));
  return [...['a1.sources = r1', 'a1.channels = c1', 'a1.sinks = k1'], ...named, ''].join('\n');
}
