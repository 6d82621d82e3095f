/**
 * Sessions of users: the visits of one user without a pause of more than 10 seconds between batches. Each line of a text
 * server is `user page`; a session is printed when it has ended, with its pages.
 *
 *   nc -lk 9999
 *   streamjob run jobs/sessions.ts
 */
import { defineJob, type State, StateSpec } from 'streamjob';

const [HOST, PORT] = [process.env['HOST'] ?? 'localhost', Number(process.env['PORT'] ?? 9999)];
const PAUSE = process.env['PAUSE'] ?? '10s';

const sessions = StateSpec.function(
  (_time: number, user: string, page: string | undefined, pages: State<readonly string[]>) => {
    // Without a page the user's session has timed out.
    if (page === undefined) return `${user}: ${pages.get().join(' > ')}`;
    pages.update([...(pages.getOption() ?? []), page]);
    return undefined;
  },
).timeout(PAUSE);

export default defineJob({ name: 'sessions', batchInterval: '1s' }, (ssc) => {
  ssc
    .socketTextStream(HOST, PORT)
    .map((line) => line.split(' ', 2))
    .filter((parts) => parts.length === 2)
    .map(([user = '', page = '']) => [user, page] as const)
    .mapWithState(sessions)
    .print();
});
