/** What the endpoints answer of what single views show: the graph, the agent, dead letters, settings, the log. Times are ms since the epoch. */

export interface Bottleneck {
  readonly cause:
    | 'nothing'
    | 'failing'
    | 'rate-limit'
    | 'one-thread'
    | 'skew'
    | 'few-workers'
    | 'states'
    | 'function'
    | 'output'
    | 'commit'
    | 'pauses';
  readonly isHolding: boolean;
  readonly text: string;
  readonly advice: string;
  readonly settings: readonly string[];
  readonly operator: number | null;
  readonly output: string | null;
  readonly share: number;
}

/** Shares of a time, from 0 to 1. */
export interface Shares {
  readonly busy: number;
  readonly backPressured: number;
  readonly idle: number;
}

export interface OperatorLoad extends Shares {
  readonly id: number;
  readonly stage: number | null;
  readonly stageMs: number;
  readonly gave: number | null;
  readonly gaveFrom: number | null;
}

export interface OutputLoad extends Shares {
  readonly id: string;
  readonly runMs: number;
  readonly took: number | null;
  readonly tookFrom: number | null;
}

export interface Load {
  readonly batch: number | null;
  readonly from: number;
  readonly to: number;
  readonly batches: number;
  readonly events: number;
  readonly operators: readonly OperatorLoad[];
  readonly outputs: readonly OutputLoad[];
  readonly bottleneck: Bottleneck | null;
}

export interface LogLine {
  readonly number: number;
  readonly time: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}

export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly from: 'flag' | 'environment' | 'job file' | 'command' | 'program' | 'default';
  readonly by: string | null;
  readonly doc: string;
  readonly byDefault: string | null;
}

export interface Versions {
  readonly runtime: readonly { readonly name: string; readonly version: string }[];
  readonly packages: readonly { readonly name: string; readonly version: string }[];
}

export interface AgentComponent {
  readonly kind: 'source' | 'channel' | 'sink' | 'processor';
  readonly name: string;
  readonly type: string;
  readonly state: 'starting' | 'running' | 'failing';
  readonly problem: string | null;
  readonly place: string | null;
  readonly channels: readonly string[];
  readonly group: string | null;
  readonly interceptors: readonly string[];
  readonly selector: string | null;
  readonly counters: Readonly<Record<string, number>>;
  readonly files: readonly { readonly file: string; readonly position: number; readonly size: number }[];
  readonly filesInAll: number;
  readonly bytes: { readonly held: number; readonly capacity: number | null } | null;
}

export interface Agent {
  readonly name: string | null;
  readonly components: readonly AgentComponent[];
}

export interface DeadLetterExample {
  readonly time: number;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly text: string | null;
  readonly hex: string | null;
  readonly bytes: number | null;
  readonly isCut: boolean;
}

export interface DeadLetterGroup {
  readonly id: string;
  readonly operator: string;
  readonly site: string | null;
  readonly code: string | null;
  readonly message: string;
  readonly values: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly examples: readonly DeadLetterExample[];
}

export interface DeadLetters {
  readonly file: string | null;
  readonly isCut: boolean;
  readonly groups: readonly DeadLetterGroup[];
}

export interface ClusterExecutor {
  readonly name: string;
  readonly tasks: number;
  readonly busyMs: number;
}

export interface ReceiverHostOfCluster {
  readonly name: string;
  readonly peer: string;
  readonly directory: string;
  readonly deliveries: number;
}

export interface Cluster {
  readonly executors: readonly ClusterExecutor[];
  readonly hosts: readonly ReceiverHostOfCluster[];
}
