// Which settings count for one service: where lmtpd runs as lmtpunix, `lmtpunix_postuser` goes before `postuser`; old names of
// options, {configdirectory} and defaults are resolved; and what Cyrus refuses is found. As config_read() of Cyrus'
// lib/libconfig.c. No I/O.
import { OPTIONS, refusalOf } from './options.js';
import { formatWhere, type Line, type Refusal, type Setting } from './settings.js';

const CONFIG_DIRECTORY = '{configdirectory}';

export type Effective = {
  /** The setting of an option, for this service or for all; undefined where it has only its default. */
  find(option: string): Setting | undefined;
  /** The value of an option, as it is written; undefined where there is neither a setting nor a default. */
  readonly get: (option: string) => string | undefined;
  /** What Cyrus refuses, in the order of the lines; then what is missing. */
  readonly refusals: readonly Refusal[];
};

/**
 * @param service its name in cyrus.conf(5), such as `lmtpunix`; undefined for what all services share
 * @param path the first file, which is named for errors that belong to no line
 */
export function effectiveOf(lines: readonly Line[], service: string | undefined, path: string): Effective {
  const known = new Map<string, Setting>();
  const others = new Map<string, Setting>();
  const forService = new Set<string>();
  const refusals: Refusal[] = [];
  const prefix = service === undefined ? undefined : `${service.toLowerCase()}_`;

  const takeKnown = (name: string, setting: Setting, specific: boolean): void => {
    const earlier = known.get(name);
    if (earlier !== undefined && forService.has(name) === specific) refusals.push(twice(setting, earlier));
    else if (earlier === undefined || specific) {
      const option = OPTIONS.get(name);
      const what = option === undefined ? undefined : refusalOf(setting.name, setting.value, option.type);
      if (what !== undefined) refusals.push({ where: setting.where, what });
      else known.set(name, setting);
      if (specific) forService.add(name);
    }
  };

  for (const line of lines) {
    if (!('name' in line)) {
      refusals.push(line);
      continue;
    }
    const bare = prefix !== undefined && line.name.startsWith(prefix) ? line.name.slice(prefix.length) : '';
    const earlier = others.get(line.name);
    if (OPTIONS.has(bare)) takeKnown(bare, line, true);
    else if (OPTIONS.has(line.name)) takeKnown(line.name, line, false);
    else if (earlier !== undefined) refusals.push(twice(line, earlier));
    else others.set(line.name, line);
  }
  for (const [name, { replacedBy }] of OPTIONS) {
    const old = replacedBy === undefined ? undefined : known.get(name);
    if (replacedBy !== undefined && old !== undefined && !known.has(replacedBy)) known.set(replacedBy, old);
  }
  const directory = known.get('configdirectory');
  refusals.push(...wrongDirectory(directory, path), ...wrongPartition(known.get('defaultpartition')));

  const find = (option: string): Setting | undefined => {
    const name = option.toLowerCase();
    if (OPTIONS.has(name)) return known.get(name);
    return (prefix === undefined ? undefined : others.get(prefix + name)) ?? others.get(name);
  };
  return {
    find,
    get: (option) => {
      const name = option.toLowerCase();
      const { type, fallback } = OPTIONS.get(name) ?? {};
      const value = find(name)?.value ?? fallback;
      // Cyrus replaces {configdirectory} only in options that it knows, and not in configdirectory itself.
      return type?.kind === 'string' && name !== 'configdirectory' ? expand(value, directory?.value) : value;
    },
    refusals,
  };
}

function expand(value: string | undefined, directory: string | undefined): string | undefined {
  const length = CONFIG_DIRECTORY.length;
  if (value?.slice(0, length).toLowerCase() !== CONFIG_DIRECTORY) return value;
  return directory === undefined ? undefined : directory + value.slice(length);
}

function twice(setting: Setting, earlier: Setting): Refusal {
  return {
    where: setting.where,
    what: `${setting.name} is set a second time; the first is ${formatWhere(earlier.where)}`,
  };
}

function wrongDirectory(directory: Setting | undefined, path: string): Refusal[] {
  if (directory === undefined) return [{ where: { path, line: 0 }, what: 'configdirectory is not set' }];
  const { value, where } = directory;
  if (value.startsWith('/') && value.length > 1) return [];
  return [{ where, what: `configdirectory is ${value}: must be an absolute path, and not /` }];
}

function wrongPartition(partition: Setting | undefined): Refusal[] {
  if (partition === undefined || /^[A-Za-z0-9]*$/.test(partition.value)) return [];
  const { value, where } = partition;
  return [{ where, what: `defaultpartition is ${value}: must be letters and digits` }];
}
