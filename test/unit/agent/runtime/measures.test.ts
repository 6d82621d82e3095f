/** An agent's counters as measurements, and their words. */
import { expect, it } from 'vitest';
import { Agent, silentLogger } from '../../../../src/agent.ts';
import { TelemetryRegistry } from '../../../../src/core/telemetry.ts';
import { until } from '../sinks/rig.ts';

const CONF = `a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = seq
a1.sources.r1.totalEvents = 30
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = null
a1.sinks.k1.channel = c1
`;

it('every counter of every component is a measurement with a sentence, counted as it is now, until the agent has stopped', async () => {
  const telemetry = new TelemetryRegistry();
  const agent = Agent.fromText(CONF, 'test.conf', { log: silentLogger, telemetry });
  expect(telemetry.samples()).toEqual([]);
  await agent.start();
  await agent.drained();
  const value = (component: string, name: string): unknown => {
    const of = telemetry.samples().find((each) => each.labels?.['component'] === component && each.name === name);
    return of && [of.kind, of.value];
  };
  await until(() => agent.counters()['SINK.k1']?.['EventDrainSuccessCount'] === 30);
  expect(value('SOURCE.r1', 'agent_event_accepted_count')).toEqual(['counter', 30]);
  expect(value('SINK.k1', 'agent_event_drain_success_count')).toEqual(['counter', 30]);
  expect(value('CHANNEL.c1', 'agent_channel_size')).toEqual(['gauge', 0]);
  expect(value('CHANNEL.c1', 'agent_channel_capacity')).toEqual(['gauge', 100]);
  const samples = telemetry.samples();
  const counted = Object.values(agent.counters()).flatMap((own) => Object.keys(own));
  expect(samples).toHaveLength(counted.length);
  // A counter without a sentence of its own would have its name for one.
  for (const { help, labels } of samples) {
    expect(help).toMatch(/ /);
    expect(labels?.['agent']).toBe('a1');
  }
  await agent.stop();
  expect(telemetry.samples()).toEqual([]);
});
