/** Files that say something of the directory of an output that they are in. Readers of such directories pass over names with a line before. */

/** Of which batch it is. */
export const MANIFEST = '_MANIFEST.json';
/** As Hadoop has it: all is there. */
export const SUCCESS = '_SUCCESS';
