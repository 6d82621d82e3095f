/** Before all tests: brings the real Flume (nothing, when it is there), and builds the command line with its page. */
import type { TestProject } from 'vitest/node';
import { bringPeers } from '../../interop/kit/bring-peers.ts';
import { buildCommandLine } from '../../interop/kit/build.ts';

/** Called by vitest. */
export async function setup(project: TestProject): Promise<void> {
  await bringPeers(project, ['flume']);
  await buildCommandLine();
}
