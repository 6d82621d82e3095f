/** A real standalone Spark cluster on this machine: a master, workers with a core each, and a Spark Connect server, each a process of its own. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { peersDirectory } from '../../interop/kit/places.ts';
import { OPENED_TO_SPARK } from '../../interop/kit/spark-java.ts';
import type { Actor, Scene } from '../../interop/kit/stage.ts';
import { freePort } from '../../kit/ports.ts';
import { type Executing, executing } from './executors.ts';

const HOME = path.join(peersDirectory, 'cluster');
/** As small as tests need it. */
const USUAL = { workers: 2, workerMemory: '1g', executorMemory: '512m', connectMemory: '768m', connect: true };
const DEPLOY = 'org.apache.spark.deploy';
const HOST = '127.0.0.1';

/** How a cluster differs from what Spark does by itself. */
export interface ClusterOptions {
  /** Spark's settings of the one application that runs all sessions. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Each worker is on a host of its own, as Spark sees it: it runs a task twice at a time on two hosts only. Needs Linux. */
  readonly hosts?: boolean;
  /** Default: 2 */
  readonly workers?: number;
  /** Of a worker for its executors, of each executor, and of the Connect server: as -Xmx has it. */
  readonly workerMemory?: string;
  readonly executorMemory?: string;
  readonly connectMemory?: string;
  /** Of each worker: where it writes its number, to be in a control group with its executors (cpu-share.ts). */
  readonly groups?: readonly string[];
  /** Whether there is a Connect server. Default: true; without one another application has the executors. */
  readonly connect?: boolean;
}

/** Starts one; it ends with the scene. */
export async function startCluster(scene: Scene, options: ClusterOptions = {}): Promise<Cluster> {
  const ports = { master: await freePort(), page: await freePort(), connect: await freePort() };
  const cluster = new Cluster(scene, options, ports);
  await cluster.start();
  return cluster;
}

interface Ports {
  readonly master: number;
  readonly page: number;
  readonly connect: number;
}

/** The cluster. */
export class Cluster {
  /** Those that have been started, the killed ones too. */
  readonly workers: Actor[] = [];
  readonly #scene: Scene;
  readonly #options: ClusterOptions & typeof USUAL;
  readonly #ports: Ports;
  #master: Actor | undefined;
  #connect: Actor | undefined;

  constructor(scene: Scene, options: ClusterOptions, ports: Ports) {
    this.#scene = scene;
    this.#options = { ...USUAL, ...options };
    this.#ports = ports;
  }

  /** As `--master` has it. */
  get master(): string {
    return `sc://${HOST}:${this.#ports.connect}`;
  }

  async start(): Promise<void> {
    this.#master = await this.#startMaster();
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.startWorker()));
    if (this.#options.connect) this.#connect = await this.#startConnect();
  }

  /** Starts another worker, e.g. in the place of one that is gone. */
  async startWorker(): Promise<Actor> {
    const number = this.workers.length;
    const { groups, hosts, workerMemory } = this.#options;
    const host = hosts === true ? `127.0.0.${number + 1}` : HOST;
    const directory = path.join(this.#scene.directory, `work-${number}`);
    mkdirSync(directory);
    const worker = this.#java(`worker-${number}`, {
      memory: '192m',
      main: `${DEPLOY}.worker.Worker`,
      args: [
        this.address,
        '--host',
        host,
        '-c',
        '1',
        '-m',
        workerMemory,
        '-d',
        directory,
        '--port',
        '0',
        '--webui-port',
        '0',
      ],
      host,
      group: groups?.[number],
    });
    this.workers.push(worker);
    await this.#says(worker, 'Successfully registered with master');
    return worker;
  }

  /** Kills the Connect server, and starts another one at the same address. */
  async restartConnect(): Promise<void> {
    await this.#connect?.kill();
    this.#connect = await this.#startConnect();
  }

  /** Kills the master. Executors run on without it. */
  async killMaster(): Promise<void> {
    await this.#master?.kill();
  }

  /** Starts another master in its place: it finds in its directory who was there, and waits until they have answered. */
  async startMasterAgain(): Promise<void> {
    this.#master = await this.#startMaster();
    await this.#says(this.#master, 'Recovery complete');
  }

  /** What runs on its executors now. */
  executing(): Executing {
    return executing(this.workers);
  }

  /** Whether a worker of ours runs on an executor now. */
  busy(): boolean {
    return this.executing().tasks.length > 0;
  }

  /** As Spark's own applications have it. */
  get address(): string {
    return `spark://${HOST}:${this.#ports.master}`;
  }

  async #startMaster(): Promise<Actor> {
    const recovery = path.join(this.#scene.directory, 'recovery');
    const { master, page } = this.#ports;
    const actor = this.#java('master', {
      memory: '192m',
      main: `${DEPLOY}.master.Master`,
      args: ['--host', HOST, '--port', `${master}`, '--webui-port', `${page}`],
      settings: { 'spark.deploy.recoveryMode': 'FILESYSTEM', 'spark.deploy.recoveryDirectory': recovery },
    });
    await this.#says(actor, 'I have been elected leader');
    return actor;
  }

  async #startConnect(): Promise<Actor> {
    const { connectMemory, executorMemory, settings } = this.#options;
    const connect = this.#java('connect', {
      memory: connectMemory,
      main: 'org.apache.spark.sql.connect.service.SparkConnectServer',
      args: [],
      settings: {
        'spark.master': this.address,
        'spark.app.name': 'connect',
        'spark.executor.memory': executorMemory,
        'spark.executor.cores': '1',
        'spark.driver.host': HOST,
        'spark.driver.bindAddress': HOST,
        'spark.ui.enabled': 'false',
        'spark.connect.grpc.binding.address': HOST,
        'spark.connect.grpc.binding.port': String(this.#ports.connect),
        'spark.sql.warehouse.dir': path.join(this.#scene.directory, 'warehouse'),
        ...settings,
      },
    });
    await this.#says(connect, 'Spark Connect server started');
    return connect;
  }

  #java(name: string, { args, group, host = HOST, main, memory, settings = {} }: JavaStart): Actor {
    const properties = Object.entries(settings).map(([key, value]) => `-D${key}=${value}`);
    const java = ['java', `-Xmx${memory}`, ...properties, ...OPENED_TO_SPARK, '-cp', path.join(HOME, 'jars/*')];
    const [command = '', ...rest] =
      group === undefined ? java : ['sh', '-c', 'echo $$ > "$0"; exec "$@"', group, ...java];
    return this.#scene.start(name, {
      command,
      args: [...rest, main, ...args],
      env: { SPARK_HOME: HOME, SPARK_LOCAL_IP: host, SPARK_SCALA_VERSION: '2.13' },
    });
  }

  #says(actor: Actor, text: string): Promise<unknown> {
    return this.#scene.until(() => actor.log.some((line) => line.includes(text)), `${actor.name} says "${text}"`);
  }
}

interface JavaStart {
  readonly memory: string;
  readonly main: string;
  readonly args: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
  readonly host?: string;
  readonly group?: string | undefined;
}
