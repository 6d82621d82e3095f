/** The embedded agent in REST: what is there of its components, and nothing where there is none. */
import { expect, test } from 'vitest';
import type { AgentInspection, ComponentInspection } from '../../../src/core/agent-inspection.ts';
import { Rig } from './rig.ts';

const nothing = { channels: [], interceptors: [], group: undefined, selector: undefined, place: undefined } as const;
const channel: ComponentInspection = {
  ...{ ...nothing, kind: 'channel', name: 'c1', type: 'memory', state: 'running', problem: undefined },
  ...{ counters: { ChannelSize: 5 }, files: [], filesInAll: 0, bytes: { held: 100, capacity: undefined } },
};
const source: ComponentInspection = {
  ...{ ...nothing, kind: 'source', name: 'r1', type: 'spooldir', state: 'starting', problem: 'no such directory' },
  ...{ counters: {}, files: [{ file: '/a', position: 1, size: 3 }], filesInAll: 1, bytes: undefined },
};

test('the components of the agent are asked when somebody asks', async () => {
  let asked = 0;
  const agent = (): AgentInspection => {
    asked++;
    return { name: 'a1', components: [source, channel] };
  };
  const rig = await Rig.start((numbers) => numbers.print(), { agent });
  await rig.batch(1);
  expect(asked).toBe(0);
  expect(await rig.json('/api/v1/applications/job/agent')).toEqual({
    name: 'a1',
    components: [
      { ...source, place: null, group: null, selector: null, bytes: null },
      { ...channel, place: null, group: null, selector: null, problem: null, bytes: { held: 100, capacity: null } },
    ],
  });
  expect(asked).toBe(1);
});

test('a job without an agent says so', async () => {
  const rig = await Rig.start((numbers) => numbers.print());
  expect(await rig.json('/api/v1/applications/job/agent')).toEqual({ name: null, components: [] });
});
