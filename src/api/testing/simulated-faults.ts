/** Which faults of the simulator may come to a user's job. */
import { FAULTS, type Fault } from '../../simulation/world/faults.ts';

/** What can go wrong in the simulation of a user's job: all but what is done to agents, and to functions that only our own world has. */
export type SimulatedFault = Exclude<Fault, `${string}-agent` | 'user-throws'>;

/** All kinds of fault that `simulate` knows. */
export const SIMULATED_FAULTS: readonly SimulatedFault[] = FAULTS.filter(
  (fault): fault is SimulatedFault => !fault.endsWith('-agent') && fault !== 'user-throws',
);
