// The way of the configuration: defaults, then the TOML file (toml.io, v1.0), then flags, then everything
// checked together. Reads one file; a file that cannot be used is a ConfigError with every problem, a line each.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as v from 'valibot';
import type { Config } from './config.js';
import { ConfigError, messageOf } from '../errors.js';
import { BUILT_IN, BUILT_IN_LISTENER } from './built-in.js';
import { contradictions } from './consistency.js';
import { toConfig } from './convert.js';
import { applyFlags, namesBackchannel, type Flags } from './flags.js';
import { describeIssue } from './problems.js';
import { FILE, type Settings } from './schema.js';

/** Longest configuration file that is read. */
export const FILE_MAX_BYTES = 1024 * 1024;

export type Loaded = {
  readonly config: Config;
  /** The same in the file's own words, with every default. */
  readonly settings: Settings;
};

/** @throws ConfigError with all problems, a line each, naming file, key, value and what is allowed */
export async function loadConfig(flags: Flags): Promise<Loaded> {
  const file = flags.config === undefined ? undefined : resolve(flags.config);
  const written = file === undefined ? builtIn(flags) : await parseFile(file);
  const where = file === undefined ? '' : `${file}: `;

  const checked = v.safeParse(FILE, written);
  if (!checked.success)
    throw problems(
      where,
      checked.issues.map((issue) => describeIssue(issue, 'the file')),
    );
  const settings = applyFlags(checked.output, flags);
  const contradicting = contradictions(settings);
  if (contradicting.length > 0) throw problems(where, contradicting);
  return { config: toConfig(settings, file), settings };
}

function builtIn(flags: Flags): unknown {
  return namesBackchannel(flags) ? BUILT_IN_LISTENER : BUILT_IN;
}

function problems(where: string, sentences: readonly string[]): ConfigError {
  return new ConfigError(sentences.map((sentence) => `${where}${sentence}`).join('\n'));
}

async function parseFile(file: string): Promise<unknown> {
  const text = readText(file);
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n', 1)[0]?.replace('Invalid TOML document: ', '') ?? '';
    throw new ConfigError(`${file}:${error.line}:${error.column}: not TOML: ${reason}`, { cause: error });
  }
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new ConfigError(`${file}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (bytes.length > FILE_MAX_BYTES) {
    throw new ConfigError(`${file}: has ${bytes.length} bytes: at most ${FILE_MAX_BYTES} are allowed`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigError(`${file}: is not UTF-8`, { cause: error });
  }
}
