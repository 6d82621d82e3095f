/** What the program of a task on a Spark executor begins with. */
export { serveSparkTask } from './api/spark-worker-main.ts';
