// `cyrusmapd compare`: asks two socketmaps about the same addresses, such as smmapd and a cyrusmapd that is to take its place, and
// tells what differs, why, and which of the two agrees with delivery. Nothing is delivered.
import { COMPARED_MAX_BYTES, OtherSocketmap } from '../comparison/other-socketmap.js';
import { compare as compareKeys } from '../comparison/compare.js';
import { gather, type Sources } from '../comparison/gather.js';
import { factsOf } from '../comparison/facts.js';
import type { Facts } from '../comparison/judge.js';
import { paced } from '../comparison/pace.js';
import { isDoubtful, jsonReport, textReport } from '../comparison/report.js';
import { completeFromCyrus } from '../backchannels/cyrus-host.js';
import { BUILT_IN_ENDPOINT } from '../config/built-in.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { ConfigError, messageOf, UsageError } from '../errors.js';
import { parseEndpoint, type Endpoint } from '../net/endpoint.js';
import { DEFAULT_ADDRESS_RULES } from '../validation/recipient.js';
import { EX_FOUND, EX_OK } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

export type CompareOptions = {
  readonly server?: string;
  readonly config?: string;
  readonly demo?: boolean;
  readonly map: string;
  readonly addresses?: readonly string[];
  readonly mailLog?: readonly string[];
  readonly domains?: readonly string[];
  readonly nearMisses?: boolean;
  readonly rate: string;
  readonly max: string;
  readonly timeout: string;
  readonly json?: boolean;
};

/** @param argument the endpoint of the other socketmap; @returns the exit status */
export async function compare(argument: string, options: CompareOptions): Promise<number> {
  const otherEndpoint = usable(() => parseEndpoint(argument, 'OTHER'));
  const rate = numberOf('--rate', options.rate, 1, 10_000);
  const max = numberOf('--max', options.max, 1, 1_000_000);
  const timeoutMs = numberOf('--timeout', options.timeout, 1, 60) * 1000;
  const side = await ourSide(options);
  const gathered = await gather(sourcesOf(options, side.served, max), process.stdin);
  if (gathered.keys.size === 0) throw new UsageError('compare has no addresses: name a source of them');
  const ours = new OtherSocketmap(side.endpoint, timeoutMs);
  const other = new OtherSocketmap(otherEndpoint, timeoutMs);
  const { facts } = side;
  const map = keyOfArgument(options.map);
  const pace = paced(rate, () => performance.now());
  try {
    const comparing = { map, ours, other, facts, pace, maxBytes: COMPARED_MAX_BYTES };
    const found = await compareKeys(gathered.keys, comparing);
    const names = { ours: ours.name, other: other.name };
    if (options.json === true) print(JSON.stringify(jsonReport(found, names)));
    else print([...textReport(found, names, printable), ...notesOn(gathered)].join('\n'));
    return isDoubtful(found) ? EX_FOUND : EX_OK;
  } finally {
    ours.close();
    other.close();
  }
}

function notesOn({ elsewhere, cut }: { readonly elsewhere: number; readonly cut: boolean }): string[] {
  return [
    ...(elsewhere > 0 ? [`left out ${elsewhere} of the mail log, in domains that are not served here`] : []),
    ...(cut ? ['there are more addresses than --max allows: the rest was not asked'] : []),
  ];
}

function sourcesOf(options: CompareOptions, served: readonly string[], max: number): Sources {
  const { addresses = [], mailLog: mailLogs = [], domains: domainTables = [], nearMisses } = options;
  const none = addresses.length + mailLogs.length + domainTables.length === 0;
  return {
    addresses: none ? ['-'] : addresses,
    mailLogs,
    domainTables,
    served,
    nearMisses: nearMisses === true,
    max,
  };
}

type OurSide = { readonly endpoint: Endpoint; readonly facts: Facts; readonly served: readonly string[] };

/** Where our configuration is not known, fewer differences can be judged. */
async function ourSide({ server, config: file, demo }: CompareOptions): Promise<OurSide> {
  const named = server === undefined ? undefined : usable(() => parseEndpoint(server, '--server'));
  if (named !== undefined && file === undefined) {
    const facts = { rules: DEFAULT_ADDRESS_RULES, asksLmtp: undefined, overQuotaAsCyrus: undefined };
    return { endpoint: named, facts, served: [] };
  }
  if (demo === true) {
    const { config } = await loadConfig({ demo });
    return { endpoint: parseEndpoint(BUILT_IN_ENDPOINT), facts: factsOf(config), served: servedBy(config) };
  }
  const { config } = await loadConfig(file === undefined ? {} : { config: file }, completeFromCyrus);
  const [first] = config.socketmap.listen;
  const endpoint = named ?? first;
  if (endpoint === undefined) throw new ConfigError('socketmap.listen is empty');
  return { endpoint, facts: factsOf(config), served: servedBy(config) };
}

function servedBy({ domains }: Config): string[] {
  const names = domains.map(({ domain }) => domain);
  return names.some((name) => name.startsWith('*')) ? [] : names;
}

function numberOf(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`${flag} is ${JSON.stringify(text)}: must be a whole number from ${min} to ${max}`);
}

function usable<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}
