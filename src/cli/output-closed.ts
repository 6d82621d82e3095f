/** Nobody reads stdout any more: the command has stopped, and ends with a code of its own. */
export class OutputClosed extends Error {}
