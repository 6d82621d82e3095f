/** An error about the words of a call: exit code 2. */
export class UsageError extends Error {}
