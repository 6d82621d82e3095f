/** All cases, in the order in which they run and are shown. */
import type { Case } from '../kit/case.ts';
import { agent } from './agent.ts';
import { client } from './client.ts';
import { cluster, clusterApart } from './cluster.ts';
import { clusterState } from './cluster-state.ts';
import { growth } from './growth.ts';
import { hand } from './hand.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { levels } from './levels.ts';
import { pull } from './pull.ts';
import { push, wal } from './push.ts';
import { start } from './start.ts';
import { state } from './state.ts';
import { replayed, threaded } from './threads.ts';

export const cases: readonly Case[] = [
  push,
  hand,
  replayed,
  threaded,
  levels,
  wal,
  client,
  pull,
  latency,
  state,
  growth,
  idle,
  start,
  agent,
  cluster,
  clusterApart,
  clusterState,
];
