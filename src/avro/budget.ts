/**
 * One bound on the memory for requests that have not arrived whole, over all connections of a server. A connection that
 * would exceed it stops reading until others have finished theirs. The one that has waited longest may always go on, so
 * that not all of them wait for each other; what it may take is bounded by the limit of a frame.
 */

/** One connection's share. */
export interface BudgetShare {
  /** Says how many bytes this connection holds now; `true`: it may go on reading. */
  hold(bytes: number): boolean;
  /** Gives everything back; the connection is gone. */
  release(): void;
}

interface Holder {
  bytes: number;
  waiting: boolean;
  resume: () => void;
}

/** A budget of bytes. */
export class MemoryBudget {
  readonly limit: number;
  #used = 0;
  // In the order in which they began to hold something: the first is the one that has waited longest.
  readonly #holders = new Set<Holder>();

  /** @param limit bytes over all shares */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** The bytes that are held now. */
  get used(): number {
    return this.#used;
  }

  /** A share; `resume` is called when a share that was told to wait may go on. */
  share(resume: () => void): BudgetShare {
    const holder: Holder = { bytes: 0, waiting: false, resume };
    return {
      hold: (bytes) => {
        this.#used += bytes - holder.bytes;
        holder.bytes = bytes;
        if (bytes === 0) this.#holders.delete(holder);
        else this.#holders.add(holder);
        holder.waiting = bytes > 0 && !this.#mayGoOn(holder);
        this.#wake();
        return !holder.waiting;
      },
      release: () => {
        this.#used -= holder.bytes;
        holder.bytes = 0;
        holder.waiting = false;
        this.#holders.delete(holder);
        this.#wake();
      },
    };
  }

  #mayGoOn(holder: Holder): boolean {
    if (this.#used <= this.limit) return true;
    const [oldest] = this.#holders;
    return oldest === holder;
  }

  #wake(): void {
    for (const holder of this.#holders) {
      if (holder.waiting && this.#mayGoOn(holder)) {
        holder.waiting = false;
        holder.resume();
      }
    }
  }
}
