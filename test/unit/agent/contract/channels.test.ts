/** Every channel keeps what a channel promises. */
import { channels } from '../../../../src/agent/channels/index.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { makeChannel } from '../channels/make.ts';
import { type ChannelSpec, channelConformance } from './channels.ts';
import { declarationContract } from './declarations.ts';
import { forEveryEntry } from './entries.ts';

/** What a channel needs beside the bounds that all of them have. */
const fixtures: Readonly<Record<string, () => Record<string, string | number>>> = {
  memory: () => ({}),
  file: () => ({ dataDirs: ownDirectory(), minimumRequiredSpace: 0 }),
  SPILLABLEMEMORY: () => ({ dataDirs: ownDirectory(), minimumRequiredSpace: 0 }),
};

/** A channel of two parts: the contract for a part holds for it where the other one is not there. */
const spillableBounds = ({ capacity, transactionCapacity, keepAliveSeconds }: ChannelSpec): Record<string, number> => ({
  memoryCapacity: 0,
  overflowCapacity: capacity,
  transactionCapacity,
  overflowTimeout: keepAliveSeconds,
});

const bounds = ({ capacity, transactionCapacity, keepAliveSeconds }: ChannelSpec): Record<string, number> => ({
  capacity,
  transactionCapacity,
  'keep-alive': keepAliveSeconds,
});

forEveryEntry(channels, fixtures, (type, properties) => {
  declarationContract(type, properties, true);
  const boundsOf = type.type === 'SPILLABLEMEMORY' ? spillableBounds : bounds;
  channelConformance(type.type, async (spec) => makeChannel(type, { ...boundsOf(spec), ...properties() }, spec.clock));
});
