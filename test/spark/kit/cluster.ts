/** A real standalone Spark cluster on this machine: a master, two workers with a core each, and a Spark Connect server, each a process of its own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { peersDirectory } from '../../interop/kit/places.ts';
import type { Actor, Scene } from '../../interop/kit/scene.ts';
import { OPENED_TO_SPARK } from '../../interop/kit/spark-java.ts';
import { freePort } from '../../kit/ports.ts';

const HOME = path.join(peersDirectory, 'cluster');
const WORKERS = 2;

/** The cluster. */
export interface Cluster {
  /** As `--master` has it. */
  readonly master: string;
  readonly workers: readonly Actor[];
  /** Starts another worker in the place of one that is gone. */
  startWorker(): Promise<Actor>;
  /** Kills the Connect server, and starts another one at the same address. */
  restartConnect(): Promise<void>;
  /** Whether a worker of ours runs on an executor now. */
  busy(): boolean;
}

/** Starts one; it ends with the scene. */
export async function startCluster(scene: Scene): Promise<Cluster> {
  const [port, page, connectPort] = [await freePort(), await freePort(), await freePort()];
  const address = `spark://127.0.0.1:${port}`;
  const java = (
    name: string,
    memory: string,
    main: string,
    args: readonly string[],
    properties: readonly string[] = [],
  ): Actor =>
    scene.start(name, {
      command: 'java',
      args: [...[`-Xmx${memory}`, ...properties, ...OPENED_TO_SPARK, '-cp', path.join(HOME, 'jars/*'), main, ...args]],
      env: { SPARK_HOME: HOME, SPARK_LOCAL_IP: '127.0.0.1', SPARK_SCALA_VERSION: '2.13' },
    });
  const says = (actor: Actor, text: string): Promise<unknown> =>
    scene.until(() => actor.log.some((line) => line.includes(text)), `${actor.name} says "${text}"`);
  const deploy = 'org.apache.spark.deploy';
  const master = java('master', '192m', `${deploy}.master.Master`, [
    '--host',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--webui-port',
    `${page}`,
  ]);
  await says(master, 'I have been elected leader');
  let started = 0;
  const startWorker = async (): Promise<Actor> => {
    const number = started++;
    const directory = path.join(scene.directory, `work-${number}`);
    mkdirSync(directory);
    const args = [
      '--host',
      '127.0.0.1',
      '--port',
      `${await freePort()}`,
      '--webui-port',
      `${await freePort()}`,
      '-c',
      '1',
      '-m',
      '1g',
      '-d',
      directory,
    ];
    const worker = java(`worker-${number}`, '192m', `${deploy}.worker.Worker`, [address, ...args]);
    await says(worker, 'Successfully registered with master');
    return worker;
  };
  const startConnect = async (): Promise<Actor> => {
    const settings = {
      'spark.master': address,
      'spark.app.name': 'connect',
      'spark.executor.memory': '512m',
      'spark.executor.cores': '1',
      'spark.driver.host': '127.0.0.1',
      'spark.driver.bindAddress': '127.0.0.1',
      'spark.ui.enabled': 'false',
      'spark.connect.grpc.binding.address': '127.0.0.1',
      'spark.connect.grpc.binding.port': String(connectPort),
      'spark.sql.warehouse.dir': path.join(scene.directory, 'warehouse'),
    };
    const properties = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
    const connect = java('connect', '768m', 'org.apache.spark.sql.connect.service.SparkConnectServer', [], properties);
    await says(connect, 'Spark Connect server started');
    return connect;
  };
  const workers = await Promise.all(Array.from({ length: WORKERS }, startWorker));
  let connect = await startConnect();
  return {
    master: `sc://127.0.0.1:${connectPort}`,
    workers,
    startWorker,
    restartConnect: async () => {
      await connect.kill();
      connect = await startConnect();
    },
    busy: () =>
      execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .split('\n')
        .some((line) => /^node \S+\/streamjob-\w+\.mjs/.test(line)),
  };
}
