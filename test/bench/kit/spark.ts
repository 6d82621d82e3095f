/** Spark Streaming under test: BenchJob in a JVM of its own with its default heap, on local[2]. */
import { sparkCommand } from '../../interop/kit/spark-java.ts';
import { Side } from './side.ts';

/** What spark-submit gives a driver unless told otherwise. */
const DEFAULT_HEAP = '1g';

/** Starts a job. @param settings BenchJob's @param heap as -Xmx has it */
export function startSpark(
  job: string,
  settings: Readonly<Record<string, string | number>>,
  directory: string,
  name = 'Spark',
  heap = DEFAULT_HEAP,
): Side {
  const args = [job, ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)];
  const command = sparkCommand({ classes: 'bench/job', main: 'BenchJob', args, jvm: [`-Xmx${heap}`] });
  return new Side(name, { ...command, cwd: directory });
}
