/** Before all tests: brings the real Flume; nothing, when it is there. Without a JDK its scenarios are skipped, but not under CI. */
import type { TestProject } from 'vitest/node';
import { bringPeers } from '../../interop/kit/bring-peers.ts';

/** Called by vitest. */
export async function setup(project: TestProject): Promise<void> {
  await bringPeers(project, ['flume']);
}
