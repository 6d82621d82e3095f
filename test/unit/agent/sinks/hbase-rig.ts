/** An hbase2 sink and its gateway, until the end of the test. */
import { onTestFinished } from 'vitest';
import { hbase2 } from '../../../../src/agent/sinks/hbase.ts';
import { type FakeGateway, type Fate, fakeGateway } from './hbase-gateway.ts';
import { type SinkRig, sinkRig } from './rig.ts';

export async function gatewayWith(fates: Fate[] = []): Promise<FakeGateway> {
  const gateway = await fakeGateway();
  gateway.fates = fates;
  onTestFinished(() => gateway.close());
  return gateway;
}

export async function open(
  gateway: FakeGateway,
  properties: Record<string, string | number | boolean> = {},
): Promise<SinkRig> {
  const rig = await sinkRig(hbase2, { table: 't', columnFamily: 'cf', rest: gateway.url, ...properties });
  onTestFinished(() => rig.stop());
  return rig;
}
