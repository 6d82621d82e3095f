/** Our embedded agent in this process, with its files in the scene's directory. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Agent } from '../../../src/agent.ts';
import { confDirectory } from './peers.ts';
import type { Scene } from './scene.ts';

/** Where an agent reads its input: AGENT_WORK. */
export function agentWork(scene: Scene): string {
  const work = path.join(scene.directory, 'agent');
  mkdirSync(path.join(work, 'spool'), { recursive: true });
  return work;
}

/** Starts the agent a1 of a file in conf/; it stops with the scene. */
export async function startAgent(scene: Scene, conf: string, env: Readonly<Record<string, string>>): Promise<Agent> {
  const file = path.join(confDirectory, conf);
  const agent = await Agent.fromFile(file, {
    name: 'a1',
    env: { AGENT_WORK: agentWork(scene), ...env },
    log: scene.log,
  });
  scene.defer(() => agent.stop());
  await agent.start();
  return agent;
}
