/** Times of day in the zone of who looks at them, as Spark writes the time of a batch. */

function padded(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}

/**
 * The time of a batch: yyyy/MM/dd HH:mm:ss, with ms where batches come more than once a second.
 * @param ms since the epoch
 * @param withMs whether ms are shown
 */
export function batchTime(ms: number, withMs: boolean): string {
  const at = new Date(ms);
  const day = `${at.getFullYear()}/${padded(at.getMonth() + 1)}/${padded(at.getDate())}`;
  return `${day} ${timeOfDay(ms, withMs)}`;
}

/** HH:mm:ss. @param ms since the epoch @param withMs whether ms are shown */
export function timeOfDay(ms: number, withMs = false): string {
  const at = new Date(ms);
  const text = `${padded(at.getHours())}:${padded(at.getMinutes())}:${padded(at.getSeconds())}`;
  return withMs ? `${text}.${padded(at.getMilliseconds(), 3)}` : text;
}

/** Whether the times of batches need ms. @param batchIntervalMs in ms */
export function needsMs(batchIntervalMs: number): boolean {
  return batchIntervalMs < 1000 || batchIntervalMs % 1000 !== 0;
}
