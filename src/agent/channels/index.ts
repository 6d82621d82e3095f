/** The list of channel types. */
import { type Registry, registry } from '../../core/registry.ts';
import type { ChannelType } from './channel.ts';
import { file } from './file.ts';
import { memory } from './memory.ts';
import { spillable } from './spillable.ts';

/** All channel types, by their names. */
export const channels: Registry<ChannelType> = registry('channel', [memory, file, spillable]);
