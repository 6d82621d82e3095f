/** What many seeds came to: how much was simulated, which faults were injected, what did not hold. */
import type { Outcome } from './world/world.ts';

/** The sum of outcomes. */
export class Report {
  readonly #began = Date.now();
  #seeds = 0;
  #steps = 0;
  #simulatedMs = 0;
  #events = 0;
  #batches = 0;
  readonly #faults = new Map<string, number>();
  readonly #reached = new Map<string, number>();
  readonly #failed = new Map<string, number[]>();
  readonly #differ: number[] = [];

  add({ batches, injected, made, reached, seed, simulatedMs, steps, violations }: Outcome): void {
    this.#seeds++;
    this.#steps += steps;
    this.#simulatedMs += simulatedMs;
    this.#events += made;
    this.#batches += batches;
    for (const [fault, times] of injected) this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + times);
    for (const [state, times] of reached) this.#reached.set(state, (this.#reached.get(state) ?? 0) + times);
    for (const promise of new Set(violations.map((each) => each.promise))) {
      this.#failed.set(promise, [...(this.#failed.get(promise) ?? []), seed]);
    }
  }

  /** A seed that was run twice went two ways. */
  differs(seed: number): void {
    this.#differ.push(seed);
  }

  get passed(): boolean {
    return this.#failed.size === 0 && this.#differ.length === 0;
  }

  json(): string {
    return JSON.stringify({
      seeds: this.#seeds,
      steps: this.#steps,
      simulatedHours: this.#simulatedMs / 3_600_000,
      events: this.#events,
      batches: this.#batches,
      faults: Object.fromEntries(this.#faults),
      reached: Object.fromEntries(this.#reached),
      failed: Object.fromEntries(this.#failed),
      differ: this.#differ,
      seconds: (Date.now() - this.#began) / 1000,
    });
  }

  text(): string {
    const seconds = (Date.now() - this.#began) / 1000;
    const faults = [...this.#faults].sort(([a], [b]) => (a < b ? -1 : 1)).map(([fault, times]) => `${fault} ${times}`);
    const reached = [...this.#reached].sort(([, a], [, b]) => b - a).map(([state, times]) => `${state} ${times}`);
    const failed = [...this.#failed].map(
      ([promise, seeds]) =>
        `  ${promise}: ${seeds.length} seeds, ${seeds.slice(0, 10).join(', ')}${seeds.length > 10 ? ', …' : ''}`,
    );
    return [
      `${this.#seeds} seeds in ${seconds.toFixed(0)} s: ${(this.#simulatedMs / 3_600_000).toFixed(1)} h of simulated time, ${this.#steps} steps (${Math.round(this.#steps / seconds)} in a second), ${this.#events} events, ${this.#batches} batches`,
      `faults: ${faults.join(', ') || 'none'}`,
      `came by: ${reached.join(', ') || 'nothing'}`,
      ...(failed.length > 0 ? ['what did not hold:', ...failed] : ['all promises held']),
      ...(this.#differ.length > 0 ? [`seeds that went two ways: ${this.#differ.join(', ')}`] : []),
    ].join('\n');
  }
}
