/**
 * What Spark starts for a task: a few lines of shell, which bring the task's rows to a worker that is kept on the executor, and its rows back.
 * To start Node, to load the job and to warm up takes longer than most tasks; a kept worker does it once. The first task starts the keeper
 * (keeper.ts), which writes where it listens and a token beside the program. Where none can be reached, the task's program is started as
 * it would be without. (What runs in the background has no standard input of its own in a shell: it is given one by number.)
 */

/** The last line of a task's rows: a connection of this shell's cannot be closed on one side only. */
export const LAST_LINE = 'END';

/** Beside the program, what the keeper writes: its port and its token. */
export const KEPT_SUFFIX = '.kept';

/** Beside the program, while a keeper starts. */
export const STARTING_SUFFIX = '.starting';

/** Beside the program, the directory of copies of what was read from a storage that is far away. */
export const COPIES_SUFFIX = '.copies';

/** Read by bash, which Spark's script transformation starts in any case. Its words: the program, and what runs it. */
export const BRIDGE: string = `program=$1; node=$2; kept=$program${KEPT_SUFFIX}; starting=$program${STARTING_SUFFIX}
reach() {
  read -r port token 2>/dev/null < "$kept" || return 1
  { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && connected=1
}
connected=
if ! reach; then
  starter=
  if mkdir "$starting" 2>/dev/null; then
    rm -f "$kept"
    setsid "$node" "$program" keep "$PPID" </dev/null >/dev/null 2>"$program.log" &
    starter=$!
  fi
  for _ in {1..500}; do
    reach && break
    if [ -n "$starter" ] && ! kill -0 "$starter" 2>/dev/null; then rmdir "$starting" 2>/dev/null; break; fi
    if [ ! -d "$starting" ]; then reach; break; fi
    sleep 0.02
  done
fi
if [ -z "$connected" ]; then exec "$node" "$program" task; fi
exec 4<&0
{ printf '%s\\n' "$token"; cat <&4; printf '${LAST_LINE}\\n'; } >&3 &
exec cat <&3
`;
