/** A real HDFS of one process, with WebHDFS, as a process of a scene. */
import path from 'node:path';
import { freePort } from '../../kit/ports.ts';
import { peersDirectory } from './places.ts';
import type { Scene } from './scene.ts';

/** Where it is. */
export interface Hdfs {
  /** For Hadoop's clients. */
  readonly uri: string;
  /** Of WebHDFS. */
  readonly url: string;
  /** The contents of the files of a directory, by their names. */
  read(directory: string): Promise<Map<string, Buffer>>;
  /** The values of the SequenceFiles of a directory, as Hadoop reads them. */
  values(directory: string): Promise<string[]>;
}

const CLASS_PATH = ['hadoop/run', 'hadoop/lib/*'].map((name) => path.join(peersDirectory, name)).join(path.delimiter);
const JVM = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', CLASS_PATH];

/** Starts it, and waits until it takes files. */
export async function startHdfs(scene: Scene): Promise<Hdfs> {
  const [rpc, http] = [await freePort(), await freePort()];
  const args = [path.join(scene.directory, 'hdfs'), String(rpc), String(http)];
  const actor = scene.start('hdfs', { command: 'java', args: [...JVM, 'OneNodeHdfs', ...args] });
  await scene.until(() => actor.stdout.includes('READY'), 'HDFS takes files');
  const [uri, url] = [`hdfs://localhost:${rpc}`, `http://localhost:${http}`];
  const read = async (directory: string): Promise<Map<string, Buffer>> => {
    const list = await fetch(`${url}/webhdfs/v1${directory}?op=LISTSTATUS`);
    const { FileStatuses } = (await list.json()) as { FileStatuses: { FileStatus: { pathSuffix: string }[] } };
    const files = new Map<string, Buffer>();
    for (const { pathSuffix } of FileStatuses.FileStatus) {
      const content = await fetch(`${url}/webhdfs/v1${directory}/${pathSuffix}?op=OPEN`);
      files.set(pathSuffix, Buffer.from(await content.arrayBuffer()));
    }
    return files;
  };
  const values = async (directory: string): Promise<string[]> => {
    const reader = scene.start('reader', { command: 'java', args: [...JVM, 'ReadSequences', uri, directory] });
    await reader.finish();
    return reader.stdout.filter((line) => !line.startsWith('SLF4J'));
  };
  return { uri, url, read, values };
}
