// The options of imapd.conf(5) that matter to us: which values Cyrus takes, and their defaults, as `cyr_info conf-all` of Cyrus
// 3.2, 3.6, 3.10 and 3.12 prints them. No I/O.

export type OptionType =
  | { readonly kind: 'string' }
  | { readonly kind: 'switch' }
  /** A number in KiB. Since Cyrus 3.10 it may have a unit, and 0x is not allowed any more. */
  | { readonly kind: 'quota' }
  /** One of these words; with `yesNo` other words for on and off are understood too. */
  | { readonly kind: 'choice'; readonly words: readonly string[]; readonly yesNo?: true }
  /** Any number of words, with blanks between them. */
  | { readonly kind: 'set'; readonly words: readonly string[] };

export type Option = {
  readonly type: OptionType;
  readonly fallback?: string;
  /** The present name of the option, where this one is an old name. */
  readonly replacedBy?: string;
};

const STRING = { kind: 'string' } as const;
const OFF = { type: { kind: 'switch' }, fallback: 'no' } as const;
const ON = { type: { kind: 'switch' }, fallback: 'yes' } as const;
const QUOTA = { kind: 'quota' } as const;

/** The kinds of all versions. If this Cyrus does not know the one that is set, it does not start, and says so itself. */
const DATABASES = ['flat', 'skiplist', 'sql', 'twoskip', 'zeroskip', 'twom'] as const;

const EVENT_GROUPS = [
  'message',
  'quota',
  'flags',
  'access',
  'mailbox',
  'subscription',
  'calendar',
  'applepushservice',
  'jmap',
] as const;

export const OPTIONS: ReadonlyMap<string, Option> = new Map<string, Option>([
  ['admins', { type: STRING }],
  ['allowplaintext', OFF],
  // Cyrus before 3.10 does not know this option, and offers STARTTLS wherever there is a certificate.
  ['allowstarttls', OFF],
  ['autocreate_post', OFF],
  ['autocreate_quota', { type: QUOTA, fallback: '-1' }],
  ['autocreate_users', { type: STRING, fallback: 'anyone' }],
  ['autocreatequota', { type: QUOTA, replacedBy: 'autocreate_quota' }],
  ['configdirectory', { type: STRING }],
  ['createonpost', { type: { kind: 'switch' }, replacedBy: 'autocreate_post' }],
  ['defaultdomain', { type: STRING, fallback: 'internal' }],
  ['defaultpartition', { type: STRING }],
  ['event_groups', { type: { kind: 'set', words: EVENT_GROUPS }, fallback: 'message mailbox' }],
  ['event_notifier', { type: STRING }],
  ['improved_mboxlist_sort', OFF],
  ['lmtp_catchall_mailbox', { type: STRING }],
  ['lmtp_downcase_rcpt', ON],
  ['lmtp_fuzzy_mailbox_match', OFF],
  ['lmtp_over_quota_perm_failure', OFF],
  ['lmtp_strict_quota', OFF],
  ['lmtp_strict_rfc2821', ON],
  ['mboxlist_db', { type: { kind: 'choice', words: DATABASES }, fallback: 'twoskip' }],
  ['mboxlist_db_path', { type: STRING }],
  [
    'mupdate_config',
    { type: { kind: 'choice', words: ['standard', 'unified', 'replicated'] }, fallback: 'standard' },
  ],
  ['mupdate_server', { type: STRING }],
  ['notifysocket', { type: STRING, fallback: '{configdirectory}/socket/notify' }],
  ['postuser', { type: STRING }],
  ['proxyservers', { type: STRING }],
  ['servername', { type: STRING }],
  ['sync_host', { type: STRING }],
  ['tls_server_cert', { type: STRING }],
  ['tls_server_key', { type: STRING }],
  ['unixhierarchysep', ON],
  ['userdeny_db', { type: { kind: 'choice', words: DATABASES }, fallback: 'flat' }],
  ['userdeny_db_path', { type: STRING }],
  ['virtdomains', { type: { kind: 'choice', words: ['off', 'userid', 'on'], yesNo: true }, fallback: 'off' }],
]);

const WORDS_FOR_ON: readonly string[] = ['1', 'yes', 't', 'true'];
const WORDS_FOR_OFF: readonly string[] = ['0', 'no', 'f', 'false'];

/** As config_parse_switch() of Cyrus' lib/libconfig.c: only the beginning of the word counts, and only in lower case. */
export function parseSwitch(value: string): boolean | undefined {
  if (/^(?:0|n|of|f)/.test(value)) return false;
  return /^(?:1|y|on|t)/.test(value) ? true : undefined;
}

/** The word of a choice that a value means. */
export function parseChoice(
  value: string,
  { words, yesNo }: OptionType & { readonly kind: 'choice' },
): string | undefined {
  if (yesNo === true && WORDS_FOR_ON.includes(value)) return 'on';
  if (yesNo === true && WORDS_FOR_OFF.includes(value)) return 'off';
  return words.find((word) => word === value);
}

/** @returns the quota in KiB; undefined where no version of Cyrus takes the value */
export function parseQuota(value: string): number | undefined {
  const whole = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]+)|([0-9]+))$/.exec(value);
  if (whole !== null) {
    const [, sign, hexadecimal, octal, decimal = ''] = whole;
    const digits = octal === undefined ? decimal : `0o${octal}`;
    const size = Number(hexadecimal === undefined ? digits : `0x${hexadecimal}`);
    return sign === '-' ? -size : size;
  }
  const [, number, unit = ''] = /^([+-]?[0-9]+)\s*(?:([kmg])i?)?b?$/i.exec(value) ?? [];
  if (number === undefined) return undefined;
  return Number(number) * ({ '': 1 / 1024, k: 1, m: 1024, g: 1024 * 1024 }[unit.toLowerCase()] ?? 1);
}

/** Why Cyrus does not take a value; undefined where it does. */
export function refusalOf(name: string, value: string, type: OptionType): string | undefined {
  switch (type.kind) {
    case 'string':
      return undefined;
    case 'switch':
      return parseSwitch(value) === undefined
        ? `${name} is ${value}: must be yes or no, in lower case`
        : undefined;
    case 'quota':
      return parseQuota(value) === undefined ? `${name} is ${value}: must be a number` : undefined;
    case 'choice':
      return parseChoice(value, type) === undefined ? mustBe(name, value, type.words) : undefined;
    case 'set': {
      const wrong = value.split(/[\t\n\v\f\r ]+/).find((word) => word !== '' && !type.words.includes(word));
      return wrong === undefined ? undefined : mustBe(name, wrong, type.words);
    }
  }
}

function mustBe(name: string, value: string, words: readonly string[]): string {
  return `${name} is ${value}: must be ${words.join(', ')}, in lower case`;
}
