/** Endpoint of what of a job is on other machines: executors with their tasks, hosts that receive, and where their blocks lie. */
import type { Sample } from '../../core/telemetry.ts';
import type { Observer } from '../observer.ts';

/** An executor of a cluster. */
export interface ClusterExecutor {
  /** Host and directory. */
  readonly name: string;
  /** Tasks that it has run. */
  readonly tasks: number;
  /** How long they took. */
  readonly busyMs: number;
}

/** A host that receives for the job. */
export interface ReceiverHostOfCluster {
  readonly name: string;
  /** From where it is connected. */
  readonly peer: string;
  /** Where its blocks lie. */
  readonly directory: string;
  /** Deliveries that are not settled. */
  readonly deliveries: number;
}

/** What of a job is on other machines. */
export interface Cluster {
  readonly executors: readonly ClusterExecutor[];
  readonly hosts: readonly ReceiverHostOfCluster[];
}

/** `…/cluster`. */
export function cluster({ observed }: Observer): Cluster {
  const samples = observed.telemetry.samples();
  const of = (name: string): Sample[] => samples.filter((sample) => sample.name === name);
  const busy = new Map(of('executor_busy_seconds').map(({ labels, value }) => [labels?.['executor'], value]));
  return {
    executors: of('executor_tasks').map(({ labels, value }) => {
      const name = labels?.['executor'] ?? '';
      return { name, tasks: value, busyMs: Math.round((busy.get(name) ?? 0) * 1000) };
    }),
    hosts: of('receiver_host_deliveries').map(({ labels, value }) => ({
      name: labels?.['host'] ?? '',
      peer: labels?.['peer'] ?? '',
      directory: labels?.['directory'] ?? '',
      deliveries: value,
    })),
  };
}
