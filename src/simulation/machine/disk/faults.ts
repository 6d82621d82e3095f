/** What can go wrong with a simulated disk, and how long its calls take. */
import type { SystemCode } from '../errors.ts';

/** The kinds of calls. */
export type DiskCall =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'close'
  | 'stat'
  | 'list'
  | 'link'
  | 'unlink'
  | 'rename'
  | 'mkdir';

/** Faults that stay until they are taken away. */
export interface DiskFaults {
  /** How often a call of a kind fails with EIO: 0 never, 1 always. */
  eio: Partial<Record<DiskCall, number>>;
  /** How often a call takes much longer, and how long then at most, in ms. */
  slow: { chance: number; ms: number };
  /** A disk that lies: it answers that the bytes of a file are synced, and does nothing. */
  ignoresSync: boolean;
  /** The same for the names in a directory. */
  ignoresDirectorySync: boolean;
}

/** A fault of certain calls. */
export interface PlannedFault {
  readonly call: DiskCall;
  /** Default EIO. */
  readonly code?: SystemCode;
  /** How many such calls succeed before it. Default 0. */
  readonly after?: number;
  /** How many fail then. Default 1. */
  readonly times?: number;
  /** Only calls whose path holds this text. */
  readonly path?: string;
}

/** How long calls take, in ms: each between the two numbers. */
export interface DiskTimes {
  /** Of a sync. */
  readonly sync: readonly [number, number];
  /** Of any other call. */
  readonly call: readonly [number, number];
}

export const USUAL_TIMES: DiskTimes = { sync: [0.5, 5], call: [0.02, 0.2] };

/** Counts the calls down to their faults. */
export class FaultPlan {
  #planned: { fault: PlannedFault; after: number; times: number }[] = [];

  /** Adds a fault. */
  add(fault: PlannedFault): void {
    this.#planned.push({ fault, after: fault.after ?? 0, times: fault.times ?? 1 });
  }

  /** No more faults. */
  clear(): void {
    this.#planned = [];
  }

  /** A call is made. @returns how it fails, if it does */
  next(call: DiskCall, path: string): SystemCode | undefined {
    for (const planned of this.#planned) {
      const { fault } = planned;
      if (fault.call !== call || planned.times === 0) continue;
      if (fault.path !== undefined && !path.includes(fault.path)) continue;
      if (planned.after > 0) planned.after--;
      else {
        planned.times--;
        return fault.code ?? 'EIO';
      }
    }
    return undefined;
  }
}
