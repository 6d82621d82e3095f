/** What of a job is on other machines: executors with their tasks, hosts that receive for it. */
import type { JSX } from 'preact';
import { jobPath } from '../data/live.ts';
import type { Cluster as Answer, ClusterExecutor, ReceiverHostOfCluster } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { duration } from '../format/duration.ts';
import { count } from '../format/number.ts';
import { Loading } from '../parts/loading.tsx';
import { Panel } from '../parts/panel.tsx';
import { SortedTable } from '../parts/sorted-table.tsx';
import type { Column } from '../parts/table.tsx';

const AGAIN_MS = 1000;

const EXECUTORS: readonly Column<ClusterExecutor>[] = [
  { key: 'name', title: 'Executor', sortBy: ({ name }) => name, cell: ({ name }) => name },
  { key: 'tasks', title: 'Tasks', isNumber: true, sortBy: ({ tasks }) => tasks, cell: ({ tasks }) => count(tasks) },
  {
    key: 'busy',
    title: 'Busy',
    isNumber: true,
    sortBy: ({ busyMs }) => busyMs,
    cell: ({ busyMs }) => duration(busyMs),
  },
  {
    key: 'each',
    title: 'A task',
    isNumber: true,
    sortBy: ({ busyMs, tasks }) => (tasks === 0 ? null : busyMs / tasks),
    cell: ({ busyMs, tasks }) => (tasks === 0 ? '–' : duration(busyMs / tasks)),
  },
];

const HOSTS: readonly Column<ReceiverHostOfCluster>[] = [
  { key: 'name', title: 'Host', sortBy: ({ name }) => name, cell: ({ name }) => name },
  { key: 'peer', title: 'Connected from', cell: ({ peer }) => peer },
  {
    key: 'deliveries',
    title: 'Not settled',
    isNumber: true,
    sortBy: ({ deliveries }) => deliveries,
    cell: ({ deliveries }) => count(deliveries),
  },
  { key: 'directory', title: 'Blocks', cell: ({ directory }) => directory },
];

/** The view. */
export function Cluster(): JSX.Element {
  const path = jobPath.value;
  const cluster = useLatest<Answer>(path && `${path}/cluster`, AGAIN_MS).value;
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Cluster</h1>
        <p class="sub">What of the job is on other machines: with engine spark, and with receivers on other hosts.</p>
      </div>
      {cluster === undefined ? (
        <Loading />
      ) : (
        <>
          <Panel title={`Executors (${cluster.executors.length})`}>
            <SortedTable
              name="executors"
              label="Executors"
              columns={EXECUTORS}
              rows={cluster.executors}
              keyOf={({ name }) => name}
              empty="No executor has run a task of this job."
            />
          </Panel>
          <Panel title={`Receivers on other hosts (${cluster.hosts.length})`}>
            <SortedTable
              name="hosts"
              label="Receivers on other hosts"
              columns={HOSTS}
              rows={cluster.hosts}
              keyOf={({ name }) => name}
              empty="This process receives itself, or no host is attached."
            />
          </Panel>
        </>
      )}
    </>
  );
}
