// What a line of the log is: a verb that names it, fields of fixed names and types, a level, and one sentence of prose.
// The verbs themselves are in verbs/, a file a room; cyrusmapd-log(5) is made of them. No I/O of its own.
import { cut } from './cut.js';
import { STRANGERS, type FieldName, type FieldValues } from './fields.js';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** What the verbs write to; nothing else calls its levels. */
export type Log = {
  readonly [level in Level]: (fields: object, prose: string) => void;
} & { readonly isLevelEnabled: (level: Level) => boolean };

function withStrangersCut(fields: object): object {
  let changed: { [field: string]: unknown } | undefined;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || !STRANGERS.has(name)) continue;
    const shown = cut(value);
    if (shown !== value) changed = { ...(changed ?? fields), [name]: shown };
  }
  return changed ?? fields;
}

type Said<Required extends FieldName, Optional extends FieldName, Levels extends Level> = {
  /** The first is the usual one; the others are for `at`. */
  readonly levels: readonly [Levels, ...Levels[]];
  /** One sentence for who reads the line at night: what has happened, and what it means. */
  readonly prose: string;
  /** Fields that every line has, in the order of the manual. */
  readonly fields?: readonly Required[];
  /** Fields that not every line has. */
  readonly optional?: readonly Optional[];
};

type Fields<Required extends FieldName, Optional extends FieldName> = {
  readonly [Name in Required]: FieldValues[Name];
} & { readonly [Name in Optional]?: FieldValues[Name] | undefined };

export type Verb<
  Required extends FieldName = FieldName,
  Optional extends FieldName = FieldName,
  Levels extends Level = Level,
> = Said<Required, Optional, Levels> & {
  (log: Log, fields: Fields<Required, Optional>): void;
  readonly verb: string;
  /** Writes the line with another of its levels: `debug`, where the same was told before. */
  readonly at: (level: Levels, log: Log, fields: Fields<Required, Optional>) => void;
};

/** @param name of lower-case words with hyphens; it stands in the line as `event`, and never changes its meaning */
export function verb<
  const Levels extends Level,
  const Required extends FieldName = never,
  const Optional extends FieldName = never,
>(name: string, said: Said<Required, Optional, Levels>): Verb<Required, Optional, Levels> {
  const at = (level: Levels, log: Log, fields: Fields<Required, Optional>): void => {
    log[level]({ event: name, ...withStrangersCut(fields) }, said.prose);
  };
  const usual = said.levels[0];
  return Object.assign((log: Log, fields: Fields<Required, Optional>) => at(usual, log, fields), {
    ...said,
    verb: name,
    at,
  });
}
