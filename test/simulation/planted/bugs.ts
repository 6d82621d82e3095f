/** All planted bugs. A unit test sees to it that each can still be planted. */
import type { Bug } from './bug.ts';
import { ACKNOWLEDGE } from './bugs/acknowledge.ts';
import { BATCHES } from './bugs/batches.ts';
import { CHANNELS } from './bugs/channels.ts';
import { DISK } from './bugs/disk.ts';
import { LETTERS } from './bugs/letters.ts';
import { MENDED } from './bugs/mended.ts';
import { REMEMBERED } from './bugs/remembered.ts';
import { TIDYING } from './bugs/tidying.ts';
import { WEDGES } from './bugs/wedges.ts';

/** All planted bugs. */
export const BUGS: readonly Bug[] = [
  ...ACKNOWLEDGE,
  ...BATCHES,
  ...REMEMBERED,
  ...DISK,
  ...TIDYING,
  ...LETTERS,
  ...WEDGES,
  ...CHANNELS,
  ...MENDED,
];
