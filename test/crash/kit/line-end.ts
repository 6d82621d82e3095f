/** The last word of each line that the job appends: a line without it was cut by a kill. */
export const LINE_END = '.';
