/** How much longer a write may make lmdb's data, and what it has of the file. */
import type { DatabaseStats } from '../../../core/database.ts';

/** Pages that the records have. */
export function pagesOf({ branchPages, leafPages, overflowPages }: DatabaseStats): number {
  return branchPages + leafPages + overflowPages;
}

/**
 * The most bytes by which a write makes lmdb's data longer: every page that it changes is written anew, and the numbers of
 * the pages that become free are noted down.
 * @param puts lengths of records that are written, in bytes
 * @param removes lengths of records that are removed
 */
export function claimOf(stats: DatabaseStats, puts: readonly number[], removes: readonly number[]): number {
  const { pageSize } = stats;
  let own = 0;
  let shared = 0;
  for (const length of puts) {
    const bytes = length + 16;
    if (bytes > pageSize / 4) own += Math.ceil(bytes / pageSize);
    shared += bytes > pageSize / 4 ? 32 : bytes + 16;
  }
  let freed = 0;
  for (const length of removes) freed += Math.ceil((length + 16) / pageSize);
  const leaves = Math.ceil(shared / (pageSize / 4)) + Math.min(removes.length, stats.leafPages);
  const branches = Math.min(Math.ceil(leaves / 8), stats.branchPages + Math.ceil(leaves / 16)) + 8;
  const notes = 8 + 2 * Math.ceil(((freed + leaves + branches + stats.freeListPages) * 8) / pageSize);
  return (own + leaves + branches + notes) * pageSize;
}
