/** Every channel keeps what a channel promises. */
import { channels } from '../../../../src/agent/channels/index.ts';
import { type ChannelBounds, channelContract } from '../../../../src/agent/contracts/channels.ts';
import type { ContractProperties } from '../../../../src/agent/contracts/contract.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { forEveryEntry, runContract } from './entries.ts';

const boundsOf = ({ capacity, transactionCapacity, keepAliveSeconds }: ChannelBounds): ContractProperties => ({
  capacity,
  transactionCapacity,
  'keep-alive': keepAliveSeconds,
});

/** A channel of two parts: the contract for a part holds for it where the other one is not there. */
const spillableBounds = ({ capacity, transactionCapacity, keepAliveSeconds }: ChannelBounds): ContractProperties => ({
  memoryCapacity: 0,
  overflowCapacity: capacity,
  transactionCapacity,
  overflowTimeout: keepAliveSeconds,
});

const onDisk = (): ContractProperties => ({ dataDirs: ownDirectory(), minimumRequiredSpace: 0 });

const fixtures: Readonly<Record<string, (bounds: ChannelBounds) => ContractProperties>> = {
  memory: boundsOf,
  file: (bounds) => ({ ...boundsOf(bounds), ...onDisk() }),
  SPILLABLEMEMORY: (bounds) => ({ ...spillableBounds(bounds), ...onDisk() }),
};

forEveryEntry(channels, fixtures, (type, properties) => runContract(channelContract(type, { properties })));
