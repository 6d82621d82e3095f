/** What V8 has for objects that have just been made. */

/** Whether the call of this process, or its environment, says how large it is to be. */
export function isYoungGenerationGiven(): boolean {
  return /semi.space/.test([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '));
}
