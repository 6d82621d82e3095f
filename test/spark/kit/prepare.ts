/** Before all tests: brings Spark (nothing, when it is there), and builds the command line. */
import type { TestProject } from 'vitest/node';
import { bringPeers } from '../../interop/kit/bring-peers.ts';
import { buildCommandLine } from '../../interop/kit/build.ts';

/** Called by vitest. */
export async function setup(project: TestProject): Promise<void> {
  if (await bringPeers(project, ['cluster', 'flume', 's3'])) await buildCommandLine();
}
