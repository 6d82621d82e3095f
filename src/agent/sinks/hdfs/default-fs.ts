/**
 * Where a path without a name node leads to: what Hadoop's own settings say. Flume finds core-site.xml on its class path; here it is that of
 * the directory in the variable HADOOP_CONF_DIR.
 */
import path from 'node:path';
import { fsSync as fs } from '../../../core/machine.ts';

const PROPERTY =
  /<property>(?:(?!<\/property>)[\s\S])*?<name>\s*fs\.default(?:FS|\.name)\s*<\/name>[\s\S]*?<\/property>/;

/**
 * The value of fs.defaultFS.
 * @param directory the value of HADOOP_CONF_DIR
 * @returns undefined when there is none
 * @example defaultFs('/etc/hadoop/conf') // 'hdfs://namenode:8020'
 */
export function defaultFs(directory: string | undefined): string | undefined {
  if (directory === undefined || directory === '') return undefined;
  let text: string;
  try {
    text = fs.readFileSync(path.join(directory, 'core-site.xml'), 'utf8');
  } catch {
    return undefined;
  }
  const [property = ''] = PROPERTY.exec(text.replace(/<!--[\s\S]*?-->/g, '')) ?? [];
  return /<value>\s*(.*?)\s*\/?\s*<\/value>/s.exec(property)?.[1];
}
