// The way of the configuration: the TOML file (toml.io, v1.0), then flags, then each key read by its description, then
// everything checked together. Reads one file; what cannot be used is a ConfigError with every problem, a line each.
import { resolve } from 'node:path';
import { ConfigError, messageOf, UsageError } from '../errors.js';
import { BUILT_IN, BUILT_IN_LISTENER } from './built-in.js';
import type { Config, CyrusHost } from './config.js';
import { contradictions } from './consistency.js';
import { toConfig } from './convert.js';
import { applyFlags, namesBackchannel, problemOfFlag, type Flags } from './flags.js';
import { lineOf, linesOf } from './lines.js';
import { CONFIG_PLACES, findConfig, noConfig } from './place.js';
import type { Problem } from './problems.js';
import { isTable, readSettings, type Reading, type TableOfFile } from './read.js';
import type { Settings } from './schema.js';
import type { Endpoint } from '../net/endpoint.js';
import { FileError, readStableFile } from '../net/stable-file.js';
import { parseToml } from './toml.js';

/** Longest configuration file that is read. */
export const FILE_MAX_BYTES = 1024 * 1024;

export type Loaded = {
  readonly config: Config;
  /** The same in the file's own words, with every default. */
  readonly settings: Settings;
};

type Source = { readonly file: string | undefined; readonly text: string; readonly table: TableOfFile };

/** A file, completed by what the Cyrus on this machine says where the file says nothing. */
export type Completed = { readonly table: TableOfFile; readonly host: CyrusHost | undefined };

/** @throws ConfigError where what the file names cannot be read */
export type Complete = (table: TableOfFile) => Promise<Completed>;

const AS_WRITTEN: Complete = (table) => Promise.resolve({ table, host: undefined });

/**
 * @param complete adds what is known from elsewhere. Where the file can be used without that and not with it, it is left out
 * @param places where a file is looked for that no flag names
 * @throws ConfigError with all problems, a line each, naming file, line, key, value and what is allowed; UsageError where
 *   one of them is a flag
 */
export async function loadConfig(
  flags: Flags,
  complete: Complete = AS_WRITTEN,
  places: readonly string[] = CONFIG_PLACES,
): Promise<Loaded> {
  const source = await sourceOf(flags, places);
  const written = applyFlags(source.table, flags);
  const { table, host } = await complete(written);
  const completed = checked(table);
  const plain = completed.problems.length === 0 || table === written ? completed : checked(written);
  const { values, settings, problems } = plain.problems.length === 0 ? plain : completed;
  if (problems.length > 0) throw refusal(problems, source, flags);
  return { config: toConfig(values, source.file, told(host, completed.problems)), settings };
}

/** Where the daemon that a file belongs to is asked. */
export type Endpoints = {
  /** At least one. */
  readonly listen: readonly Endpoint[];
  /** Undefined where the file does not say. */
  readonly control: Endpoint | undefined;
};

/**
 * For who only asks the running daemon. Nothing else of the file is looked at: it may have been changed since the daemon
 * read it, and a mistake elsewhere in it must not keep anybody from asking; what Cyrus' own files would add is not needed.
 * @throws ConfigError where there is no file, where it is not TOML, or where one of these two keys cannot be used
 */
export async function loadEndpoints(
  flags: Flags,
  places: readonly string[] = CONFIG_PLACES,
): Promise<Endpoints> {
  const source = await sourceOf(flags, places);
  const { socketmap, admin } = source.table;
  const { values, problems } = readSettings({ socketmap: listenOf(socketmap), admin: listenOf(admin) });
  if (problems.length > 0) throw refusal(problems, source, flags);
  return { listen: values.socketmap.listen, control: values.admin.listen };
}

function listenOf(table: unknown): unknown {
  if (!isTable(table)) return table;
  return table['listen'] === undefined ? {} : { listen: table['listen'] };
}

function checked(table: TableOfFile): Reading {
  const reading = readSettings(table);
  if (reading.problems.length > 0) return reading;
  return { ...reading, problems: contradictions(reading.values) };
}

/** Why what imapd.conf says could not be used. */
function told(host: CyrusHost | undefined, problems: readonly Problem[]): CyrusHost | undefined {
  if (host === undefined) return undefined;
  const unusable = problems.map(({ sentence }) => `${host.imapdConf} cannot be followed: ${sentence}`);
  return { ...host, differences: [...host.differences, ...unusable] };
}

async function sourceOf(flags: Flags, places: readonly string[]): Promise<Source> {
  const none = { file: undefined, text: '' };
  if (flags.demo === true) {
    if (flags.config !== undefined) throw new UsageError('--demo and --config: only one is allowed');
    return { ...none, table: namesBackchannel(flags) ? BUILT_IN_LISTENER : BUILT_IN };
  }
  const found = flags.config ?? findConfig(places);
  if (found === undefined && namesBackchannel(flags)) return { ...none, table: BUILT_IN_LISTENER };
  if (found === undefined) throw noConfig(places);
  const file = resolve(found);
  const text = await readText(file);
  return { file, text, table: await parseToml(text, file) };
}

/** The problems in the order of the file. */
function refusal(problems: readonly Problem[], { file, text }: Source, flags: Flags): ConfigError {
  const lines = linesOf(text);
  const found = problems.map((each) => {
    const ofFlag = problemOfFlag(each, flags);
    if (ofFlag !== undefined || file === undefined) return { line: 0, sentence: ofFlag ?? each.sentence };
    const line = lineOf(each.path, lines);
    const where = line === undefined ? file : `${file}:${line}`;
    return { line: line ?? Infinity, sentence: `${where}: ${each.sentence}` };
  });
  const sorted = found.toSorted((a, b) => (a.line === b.line ? 0 : a.line - b.line));
  const all = sorted.map(({ sentence }) => sentence).join('\n');
  const byFlag = problems.some((each) => problemOfFlag(each, flags) !== undefined);
  return byFlag ? new UsageError(all) : new ConfigError(all);
}

async function readText(file: string): Promise<string> {
  const { bytes } = await readStableFile(file, { maxBytes: FILE_MAX_BYTES }).catch((cause: unknown) => {
    if (cause instanceof FileError) throw new ConfigError(`${file}: ${cause.message}`, { cause });
    throw new ConfigError(`${file}: cannot be read: ${messageOf(cause)}`, { cause });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigError(`${file}: is not UTF-8`, { cause: error });
  }
}
