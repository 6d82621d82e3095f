/** What a worker thread of the threads engine begins with; everything is in api/worker-main.ts. */
import { serveWorker } from './api/worker-main.ts';

await serveWorker();
