/** When the flow has nothing to do it rests, until something is due. The test kit waits for that. */

/** When the flow has nothing to do. */
export class Rest {
  #wake: () => void = () => {};
  #state: 'working' | 'resting' | 'over' = 'working';
  #onChange: (() => void)[] = [];

  /** Ends the rest, if there is one. */
  wake(): void {
    this.#wake();
  }

  /** Rests until it is woken. @param begin called when the rest has begun, with what ends it */
  async rest(begin: (wake: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      begin(resolve);
      this.#change('resting');
    });
    this.#state = 'working';
    this.#wake = () => {};
  }

  /** There will be nothing to do any more. */
  end(): void {
    this.#change('over');
  }

  /** Resolves in a rest for which `holds`, or when all is over. */
  async until(holds: () => boolean): Promise<void> {
    while (this.#state !== 'over' && !(this.#state === 'resting' && holds())) {
      await new Promise<void>((resolve) => this.#onChange.push(resolve));
    }
  }

  #change(state: 'resting' | 'over'): void {
    this.#state = state;
    for (const resolve of this.#onChange.splice(0)) resolve();
  }
}
