/** The properties of a component as they stand in its file, each with its line. */

/** A property of a component as it stands in the file. */
export interface Setting {
  /** The whole key, with agent and component. */
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** The properties of one component, by their names without the component's prefix. */
export type Settings = ReadonlyMap<string, Setting>;

/** The settings below a prefix, by their names without it. */
export function below(settings: Settings, prefix: string): Settings {
  return new Map(
    [...settings]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, setting]) => [key.slice(prefix.length), setting]),
  );
}

/** The line of the first of them. */
export function lineOf(settings: Settings): number | undefined {
  for (const { line } of settings.values()) return line;
  return undefined;
}
