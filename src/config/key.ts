// What is said of one key of the configuration file: the only place where it is named, described, and given its range and
// its default. The reader, the sample, the manual page and docs/configuration.md are made of it. No I/O.

/** Keys and indexes from the root of the file: `['socketmap', 'listen', 0]`. */
export type Path = readonly (string | number)[];

/** Tells what is wrong with a value: `is 5: must be…`. @param at where inside of the value, an element of an array */
export type Report = (what: string, at?: Path) => void;

/** A kind of value. `Suffix` is what its unit adds to the key's name in the Config: `idle_timeout`, `idleTimeoutMs`. */
export type Kind<Value, Suffix extends string = ''> = {
  readonly suffix: Suffix;
  /** `a duration from 1s to 1h`: follows "must be" in an error, and stands in the manual. */
  readonly allowed: string;
  /** The value as the daemon uses it; undefined where it was reported as wrong. */
  readonly read: (written: unknown, report: Report) => Value | undefined;
};

/** What stands in a TOML file. */
type Written = string | number | boolean | readonly string[] | { readonly [name: string]: string };

type Words = {
  /** One or a few sentences for who runs the daemon. `word` between backticks is what is typed. */
  readonly text: string;
  /** The first version that has the key. */
  readonly since: string;
};

type Required = {
  readonly required: true;
  /** For the sample file. */
  readonly example: Written;
};

type WithDefault = { readonly default: Written };

type Optional = {
  /** What holds where the key is missing; it stands behind "No default: ". */
  readonly unset: string;
  /** For the sample file. */
  readonly example: Written;
};

export type Key<Value, Suffix extends string = ''> = Words & {
  readonly kind: Kind<Exclude<Value, undefined>, Suffix>;
  readonly required?: true;
  readonly default?: Written;
  readonly unset?: string;
  readonly example?: Written;
};

/** What every key has, whatever its value. */
export type AnyKey = Key<unknown, string>;
export type Keys = Readonly<Record<string, AnyKey>>;

/** A table of the file: `[cache]`, or one of those with a name of their own, `[map.NAME]`. */
export type Table<Each extends Keys> = {
  /** One line above it in the sample file. */
  readonly title: string;
  /** One or a few sentences, as a key has. */
  readonly text: string;
  readonly keys: Each;
};

export function key<Value, Suffix extends string>(
  kind: Kind<Value, Suffix>,
  said: Words & (Required | WithDefault),
): Key<Value, Suffix>;
export function key<Value, Suffix extends string>(
  kind: Kind<Value, Suffix>,
  said: Words & Optional,
): Key<Value | undefined, Suffix>;
export function key(kind: Kind<unknown, string>, said: Omit<AnyKey, 'kind'>): AnyKey {
  return { kind, ...said };
}

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

type ValueOf<Each> = Each extends Key<infer Value, string> ? Value : never;
type SuffixOf<Each> = Each extends { readonly kind: { readonly suffix: infer Suffix } } ? Suffix : never;

/** The values of a table, by the names that they have in the Config: `max_known` is `maxKnown`. */
export type ValuesOf<Each> = {
  readonly [Name in keyof Each as `${Camel<Name & string>}${SuffixOf<Each[Name]> & string}`]: ValueOf<
    Each[Name]
  >;
};

export function nameInConfig(name: string, suffix: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) + suffix;
}
