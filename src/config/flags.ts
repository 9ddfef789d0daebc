// What the command line changes of the settings. Errors name the flag. No I/O.
import { resolve } from 'node:path';
import * as v from 'valibot';
import { ConfigError } from '../errors.js';
import { describeIssue } from './problems.js';
import { BACKCHANNELS, SECTIONS, type BackchannelSettings, type Settings } from './schema.js';

/** As commander hands them over. */
export type Flags = {
  readonly config?: string;
  readonly listen?: readonly string[];
  readonly list?: string;
  readonly lmtp?: string;
  readonly imap?: string;
  readonly imapUser?: string;
  readonly imapPasswordFile?: string;
  readonly canary?: string;
  readonly events?: string;
  readonly logLevel?: string;
};

/** The name of the back-channel that --list, --lmtp or --imap makes. */
export const FLAG_BACKCHANNEL = 'default';

/** Whether the back-channels of the file are replaced. */
export function namesBackchannel(flags: Flags): boolean {
  return flags.list !== undefined || flags.lmtp !== undefined || flags.imap !== undefined;
}

/** @throws ConfigError naming the flag, its value and what is allowed */
export function applyFlags(settings: Settings, flags: Flags): Settings {
  return withLogLevel(
    withEvents(withListeners(withCanary(withBackchannel(settings, flags), flags), flags), flags),
    flags,
  );
}

function withBackchannel(settings: Settings, flags: Flags): Settings {
  const made = backchannelOf(flags);
  if (made === undefined) return settings;
  const domains = Object.keys(settings.domains).map((domain) => [domain, FLAG_BACKCHANNEL] as const);
  return { ...settings, backchannel: { [FLAG_BACKCHANNEL]: made }, domains: Object.fromEntries(domains) };
}

function backchannelOf(flags: Flags): BackchannelSettings | undefined {
  const { list, lmtp, imap } = flags;
  if ([list, lmtp, imap].filter((flag) => flag !== undefined).length > 1)
    throw new ConfigError('--list, --lmtp and --imap: only one is allowed');
  if (imap !== undefined) return imapBackchannel(imap, flags);
  if (flags.imapUser !== undefined || flags.imapPasswordFile !== undefined)
    throw new ConfigError('--imap-user and --imap-password-file need --imap');
  if (list !== undefined) return checked('--list', BACKCHANNELS.list, { type: 'list', file: resolve(list) });
  if (lmtp !== undefined) return checked('--lmtp', BACKCHANNELS.lmtp, { type: 'lmtp', endpoint: lmtp });
  return undefined;
}

function imapBackchannel(endpoint: string, { imapUser, imapPasswordFile }: Flags): BackchannelSettings {
  if (imapUser === undefined || imapPasswordFile === undefined)
    throw new ConfigError('--imap needs --imap-user and --imap-password-file');
  const { entries } = BACKCHANNELS.imap;
  checked('--imap', entries.endpoint, endpoint);
  const user = checked('--imap-user', entries.user, imapUser);
  const file = resolve(imapPasswordFile);
  return checked('--imap', BACKCHANNELS.imap, { type: 'imap', endpoint, user, password_file: file });
}

function withCanary(settings: Settings, { canary }: Flags): Settings {
  if (canary === undefined) return settings;
  const [only, ...others] = Object.entries(settings.backchannel);
  if (only === undefined || others.length > 0) {
    throw new ConfigError('--canary needs --lmtp, --imap, or a file with one back-channel');
  }
  const [name, backchannel] = only;
  if (backchannel.type === 'list')
    throw new ConfigError('--canary is not allowed with a list: it needs none');
  const value = checked('--canary', BACKCHANNELS.lmtp.entries.canary, canary);
  return { ...settings, backchannel: { [name]: { ...backchannel, canary: value } } };
}

function withListeners(settings: Settings, { listen }: Flags): Settings {
  if (listen === undefined) return settings;
  const value = checked('--listen', SECTIONS.socketmap.entries.listen, listen);
  return { ...settings, socketmap: { ...settings.socketmap, listen: value } };
}

function withEvents(settings: Settings, { events }: Flags): Settings {
  if (events === undefined) return settings;
  const value = checked('--events', SECTIONS.events.entries.listen, events);
  return { ...settings, events: { ...settings.events, listen: value } };
}

function withLogLevel(settings: Settings, { logLevel }: Flags): Settings {
  if (logLevel === undefined) return settings;
  const level = checked('--log-level', SECTIONS.log.entries.level, logLevel);
  return { ...settings, log: { ...settings.log, level } };
}

function checked<const Schema extends v.GenericSchema>(
  flag: string,
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new ConfigError(describeIssue({ ...result.issues[0], path: undefined }, flag));
}
