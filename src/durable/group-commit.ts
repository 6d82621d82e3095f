/**
 * What waits at one time is written together and costs one sync (group commit). Groups are written one after the other, in the
 * order of the calls; after a failure everyone of the group hears of it, and the next group is tried.
 */

interface Waiting<Item, Place> {
  readonly item: Item;
  readonly resolve: (place: Place) => void;
  readonly reject: (error: Error) => void;
}

/** How groups are written. */
export interface GroupWriter<Item, Place> {
  /** Resolves when all items are on disk. @returns where each lies, in their order */
  readonly write: (items: readonly Item[]) => Promise<readonly Place[]>;
  /** Called when `write` threw, before anybody is told. @returns what they are told */
  readonly failed: (thrown: unknown) => Promise<Error>;
}

/** What waits at one time is written together and costs one sync (group commit). */
export class GroupCommit<Item, Place> {
  readonly #writer: GroupWriter<Item, Place>;
  #waiting: Waiting<Item, Place>[] = [];
  #flushing: Promise<void> | undefined;

  constructor(writer: GroupWriter<Item, Place>) {
    this.#writer = writer;
  }

  /** @returns where the item lies, when it is on disk @throws what the writer's `failed` gave */
  append(item: Item): Promise<Place> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
  }

  async #flush(): Promise<void> {
    // A turn of the loop later: what is appended in the same turn is written together.
    await null;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0);
      try {
        const places = await this.#writer.write(group.map(({ item }) => item));
        for (const [i, { resolve }] of group.entries()) resolve(places[i] as Place);
      } catch (thrown) {
        const failure = await this.#writer.failed(thrown);
        for (const { reject } of group) reject(failure);
      }
    }
    this.#flushing = undefined;
  }
}
