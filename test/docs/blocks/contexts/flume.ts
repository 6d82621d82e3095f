/** Around a part of a job that begins with its Flume receiver: it runs until it has had the two lines that the runner sends. */
import { type DStream, exactlyOnce, type RDD, type State, StateSpec, StreamingContext, sqlStore } from 'streamjob';

const ssc = new StreamingContext({ batchInterval: '100ms', checkpointDir: 'state', maxBatches: 1 });
// BLOCK
await ssc.start();
await ssc.awaitTermination();
