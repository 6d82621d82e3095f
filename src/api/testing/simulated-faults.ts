/** Which faults of the simulator may come to a user's job. */
import { FAULTS, type Fault } from '../../simulation/world/faults.ts';

/** Those that only our own world knows: what is done to agents, to functions of its job, and to files of which it knows what they remember. */
type OwnFault = `${string}-agent` | 'user-throws' | 'bit-rot';

/** What can go wrong in the simulation of a user's job. */
export type SimulatedFault = Exclude<Fault, OwnFault>;

/** All kinds of fault that `simulate` knows. */
export const SIMULATED_FAULTS: readonly SimulatedFault[] = FAULTS.filter(
  (fault): fault is SimulatedFault => !/-agent$|^user-throws$|^bit-rot$/.test(fault),
);
