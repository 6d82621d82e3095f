/**
 * The type of updateStateByKey's function as users write it, with two parameters or with four. With one overload for each form tsc would
 * give the parameters of the first one to any function, and no types to the third and fourth parameter of another. In one union tsc gives
 * a function without annotations the parameters of the members that
 *
 * - have at least as many parameters as the function, and
 * - have one call signature, or of whose call signatures only one has enough parameters.
 *
 * All such members must have the same parameters, else tsc gives none. So a function with two parameters gets those of `UpdateState`, one
 * with four those of `UpdateStateAtTime`. When none fits, tsc tells why the first one by name does not, so that the names have an order.
 */
import type { Sync } from '../functions.ts';

/** A function with two parameters. */
type UpdateState<V, S> = (values: readonly V[], state: S | undefined) => Sync<S> | undefined;

/** Gives a function with four parameters their types; its second signature is there for functions with two, which get none from here. */
interface UpdateStateAtTime<K, V, S> {
  (time: number, key: NoInfer<K>, values: readonly V[], state: S | undefined): Sync<S> | undefined;
  <_>(time: never, key: never): Sync<S> | undefined;
}

/** What a function with four parameters can be assigned to; with two signatures of which no function gets its types. */
interface UpdateStateAtTimeOfKey<K, V, S> {
  (time: number, key: NoInfer<K>, values: readonly V[], state: S | undefined): Sync<S> | undefined;
  <_>(time: number, key: NoInfer<K>, values: readonly V[], state: S | undefined): Sync<S> | undefined;
}

/** (values, state) => state, or (time, key, values, state) => state. */
export type UpdateStateFunction<K, V, S> =
  | UpdateState<V, S>
  | UpdateStateAtTime<K, V, S>
  | UpdateStateAtTimeOfKey<K, V, S>;
