/** What Spark's endpoints answer, as JSON schemas. */
import { BOOLEAN, INTEGER, list, MS, NUMBER, record, type Schema, SPARK_TIME, TEXT, TIME_MS } from './schema-kinds.ts';

export const APPLICATIONS: Schema = list(
  record({ id: TEXT, name: TEXT, attempts: list(record({ startTime: SPARK_TIME, completed: BOOLEAN })) }),
);

export const STATISTICS: Schema = record(
  {
    startTime: SPARK_TIME,
    batchDuration: MS,
    numReceivers: INTEGER,
    numActiveReceivers: INTEGER,
    numInactiveReceivers: INTEGER,
    numTotalCompletedBatches: INTEGER,
    numRetainedCompletedBatches: INTEGER,
    numActiveBatches: INTEGER,
    numProcessedRecords: INTEGER,
    numReceivedRecords: INTEGER,
    avgInputRate: NUMBER,
    avgSchedulingDelay: MS,
    avgProcessingTime: MS,
    avgTotalDelay: MS,
  },
  ['avgInputRate', 'avgSchedulingDelay', 'avgProcessingTime', 'avgTotalDelay'],
);

export const RECEIVER: Schema = record(
  {
    streamId: INTEGER,
    streamName: TEXT,
    isActive: BOOLEAN,
    executorId: TEXT,
    executorHost: TEXT,
    lastErrorTime: SPARK_TIME,
    lastErrorMessage: TEXT,
    lastError: TEXT,
    avgEventRate: NUMBER,
    eventRates: list({ type: 'array', prefixItems: [TIME_MS, NUMBER], minItems: 2, items: false }),
  },
  ['lastErrorTime', 'lastErrorMessage', 'lastError', 'avgEventRate'],
);
export const RECEIVERS: Schema = list(RECEIVER);

export const BATCH: Schema = record(
  {
    batchId: TIME_MS,
    batchTime: SPARK_TIME,
    status: { enum: ['QUEUED', 'PROCESSING', 'COMPLETED'] },
    batchDuration: MS,
    inputSize: INTEGER,
    schedulingDelay: MS,
    processingTime: MS,
    totalDelay: MS,
    numActiveOutputOps: INTEGER,
    numCompletedOutputOps: INTEGER,
    numFailedOutputOps: INTEGER,
    numTotalOutputOps: INTEGER,
    firstFailureReason: TEXT,
  },
  ['schedulingDelay', 'processingTime', 'totalDelay', 'firstFailureReason'],
);
export const BATCHES: Schema = list(BATCH);

export const OPERATION: Schema = record(
  {
    outputOpId: INTEGER,
    name: TEXT,
    description: TEXT,
    startTime: SPARK_TIME,
    endTime: SPARK_TIME,
    duration: MS,
    failureReason: TEXT,
    jobIds: list(INTEGER),
  },
  ['endTime', 'duration', 'failureReason'],
);
export const OPERATIONS: Schema = list(OPERATION);
