/** An intake without a flow behind it: it takes all that is offered, and nothing is given back. */
import type { Delivery, Intake } from '../../src/flow/receive/receiver.ts';

/** @param offer gets each delivery */
export function intakeOf(offer: (delivery: Delivery) => void): Intake {
  const intake: Intake = {
    offer,
    withdraw: async () => [],
    giveUp: async () => 'unknown',
    reportError() {},
    fail() {},
    renew: () => intake,
  };
  return intake;
}
