/** Our command line, as it is built, in a process of a scene. */
import path from 'node:path';
import { repository } from './peers.ts';
import type { Actor, Scene } from './scene.ts';

/** Starts `streamjob ARGS`. */
export function startStreamjob(
  scene: Scene,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Actor {
  return scene.start(`streamjob ${args[0] ?? ''}`, {
    command: process.execPath,
    args: [path.join(repository, 'dist/cli.js'), ...args],
    env,
  });
}

/** Waits until a job serves its page. @returns where */
export async function pageOf(scene: Scene, job: Actor): Promise<string> {
  return await scene.until(
    () => job.log.map((line) => /the job's page: (http:[^"\s]+)/.exec(line)?.[1]).find((found) => found !== undefined),
    'the page is served',
  );
}
