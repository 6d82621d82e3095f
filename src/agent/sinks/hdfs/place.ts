/** Which store a path of the hdfs sink is in, and the path within it. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultFs } from './default-fs.ts';

/** Where a path leads. */
export interface Place {
  /** The name node's address for WebHDFS; undefined: this machine. */
  readonly url: string | undefined;
  /** With its escapes, beginning with a slash. */
  readonly path: string;
}

/** Where name nodes of Hadoop 3 have WebHDFS. */
const WEBHDFS_PORT = 9870;

/**
 * Reads hdfs.path: `hdfs://namenode/logs`, `webhdfs://namenode:9870/logs`, `file:///var/logs`, or `/logs` with hdfs.webhdfs.
 * @param webhdfs the value of hdfs.webhdfs
 * @param hadoopConf the directory of Hadoop's settings, which say where a path without a name node leads to
 * @returns what is wrong, as a text
 */
export function placeOf(given: string, webhdfs: string | undefined, hadoopConf?: string): Place | string {
  const [, scheme, host = '', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/]*))?(\/.*)?$/is.exec(given) ?? [];
  if (rest === '') return 'expected a path such as hdfs://namenode/logs/%Y-%m-%d';
  const lower = scheme?.toLowerCase();
  if (lower === 'file') return { url: undefined, path: decoded(rest) };
  if (webhdfs !== undefined) return { url: webhdfs, path: rest };
  if (lower === 'webhdfs' || lower === 'swebhdfs')
    return {
      url: `${lower === 'webhdfs' ? 'http' : 'https'}://${host.includes(':') ? host : `${host}:${WEBHDFS_PORT}`}`,
      path: rest,
    };
  if (lower === 'hdfs' && host !== '')
    return { url: `http://${host.replace(/:\d+$/, '')}:${WEBHDFS_PORT}`, path: rest };
  if (lower === undefined || lower === 'hdfs') {
    const base = host === '' ? defaultFs(hadoopConf) : undefined;
    if (base !== undefined && /^[a-z]+:/i.test(base)) return placeOf(`${base}${rest}`, undefined);
    return 'does not say which name node: write hdfs://namenode/path, set hdfs.webhdfs, or let the variable HADOOP_CONF_DIR name the directory with a core-site.xml';
  }
  return `begins with ${scheme}:, expected hdfs:, webhdfs:, swebhdfs: or file:`;
}

/** Per cent signs are escapes of Flume's here, not of URLs, so that only a path without any is read as a URL. */
function decoded(rest: string): string {
  return rest.includes('%') ? path.posix.normalize(rest) : fileURLToPath(new URL(`file://${encodeURI(rest)}`));
}
