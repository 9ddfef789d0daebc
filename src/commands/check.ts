// `cyrusmapd check`: decides without a daemon, and prints the whole way from the key to what the sender hears.
import { readAlwaysAccept } from '../backchannels/always-accept.js';
import { buildBackchannels, type Backchannels } from '../backchannels/build.js';
import { validatorRules } from '../backchannels/rules.js';
import type { BackchannelConfig, Config } from '../config/config.js';
import type { Flags } from '../config/flags.js';
import { completeFromCyrus } from '../backchannels/cyrus-host.js';
import { loadConfig } from '../config/load.js';
import { answersByDomain, replyPolicyFor } from '../config/domain-answers.js';
import { policyReplies } from '../policy/action.js';
import { formatEndpoint } from '../net/endpoint.js';
import { silentLog } from '../log/log.js';
import { formatReply } from '../socketmap/protocol.js';
import { parseKey, type ParsedKey } from '../validation/recipient.js';
import type { Outcome } from '../validation/outcome.js';
import { Validator } from '../validation/validator.js';
import { DEFAULT_BELIEF } from '../validation/belief.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../validation/verdict-cache.js';
import { replyFor, type Reply, type Source } from '../validation/verdict.js';
import { exitStatusOfReply } from './exit-status.js';
import { keyOfArgument, print, printable } from './terminal.js';

/** @returns the exit status */
export async function check(argument: string, flags: Flags): Promise<number> {
  const { config } = await loadConfig(flags, completeFromCyrus);
  const key = keyOfArgument(argument);
  const dialogue: string[] = [];
  const trace = (direction: '>' | '<', line: string): void => void dialogue.push(`${direction} ${line}`);
  const backchannels = await buildBackchannels(config, { log: silentLog, now, random: Math.random, trace });

  const outcome = await decide(config, backchannels, key);
  await Promise.all(backchannels.probes.map((probe) => probe.close()));
  const policy = replyPolicyFor(key, config.defaultMap, answersByDomain(config));
  const reply = replyFor(outcome.verdict, key, policy);

  print(line('key', `${printable(key)} (${key.length} bytes)`));
  print(describeRecipient(parseKey(key, config.lookup.addressRules)).join('\n'));
  if (outcome.source === 'probe' || outcome.source === 'deadline' || outcome.source === 'down') {
    print(describeProbe(config, backchannels, key, dialogue).join('\n'));
  }
  print(describeOutcome(outcome).join('\n'));
  print(describeReply(key, reply).join('\n'));
  if (config.policy.listen.length > 0)
    print(line('policy', policyReplies(config)(outcome.verdict, key).text));
  return exitStatusOfReply(reply.status);
}

async function decide(config: Config, { route, lists }: Backchannels, key: string): Promise<Outcome> {
  const cache = new VerdictCache(DEFAULT_CACHE_LIMITS, DEFAULT_BELIEF, now());
  const rules = validatorRules(config, await readAlwaysAccept(config), lists);
  return new Validator(cache, route, rules, now).ask(key, config.defaultMap.detail);
}

function now(): number {
  return performance.now();
}

function describeRecipient(parsed: ParsedKey): string[] {
  switch (parsed.kind) {
    case 'impossible':
      return [line('recipient', `none: ${parsed.reason}, lmtpd can only refuse it`)];
    case 'unaskable':
      return [line('recipient', `none: ${parsed.reason}, lmtpd cannot be asked about it`)];
    case 'recipient': {
      const { address, mailbox, detail } = parsed.recipient;
      if (mailbox === address) return [line('recipient', address)];
      return [line('recipient', address), line('', `detail ${detail ?? ''} of mailbox ${mailbox}`)];
    }
  }
}

function describeProbe(
  config: Config,
  { route }: Backchannels,
  key: string,
  dialogue: readonly string[],
): string[] {
  const parsed = parseKey(key, config.lookup.addressRules);
  const probe = parsed.kind === 'recipient' ? route(parsed.recipient.domain) : undefined;
  if (typeof probe !== 'object') return [];
  const names = [probe, ...(probe.members ?? [])].map(({ name }) => name);
  const asked = config.backchannels.filter(({ name }) => names.includes(name));
  return [
    ...asked.map((each) => line('asked', describeBackchannel(each))),
    ...dialogue.map((said) => line('', printable(said))),
  ];
}

function describeBackchannel(backchannel: BackchannelConfig): string {
  switch (backchannel.type) {
    case 'list':
      return `${backchannel.name}: the list ${backchannel.file}`;
    case 'lmtp':
      return `${backchannel.name}: Cyrus over LMTP, ${formatEndpoint(backchannel.endpoint)}`;
    case 'imap':
      return `${backchannel.name}: Cyrus over IMAP, ${formatEndpoint(backchannel.endpoint)}`;
    case 'mupdate':
      return `${backchannel.name}: the mupdate master, ${formatEndpoint(backchannel.endpoint)}`;
  }
}

function describeOutcome({ verdict, source }: Outcome): string[] {
  const lines = [line('verdict', `${verdict.kind}, ${describeSource(source)}`)];
  if (verdict.kind === 'deferred') lines.push(line('', printable(verdict.reason)));
  return lines;
}

function describeSource(source: Source): string {
  switch (source) {
    case 'rule':
      return 'by a rule, nobody was asked';
    case 'probe':
      return 'by what was asked';
    case 'routing':
      return 'by the domain, nobody was asked';
    case 'deadline':
      return 'by the deadline';
    case 'down':
      return 'since nobody could be asked';
    case 'directory':
      return 'from the list of mailboxes';
    case 'known':
    case 'negative':
    case 'stale':
      return 'from the cache';
  }
}

function describeReply(key: string, reply: Reply): string[] {
  const recipient = `<${printable(key)}>`;
  return [
    line('reply', printable(formatReply(reply))),
    line('Sendmail', sendmailSays(reply, recipient)),
    line('Postfix', postfixSays(reply, recipient)),
  ];
}

/** What FEATURE(mrs_cyrus) and the features in cf/ make of the reply: sendmail/map.c, socket_map_lookup(). */
function sendmailSays({ status }: Reply, recipient: string): string {
  switch (status) {
    case 'OK':
      return `250 2.1.5 ${recipient}... Recipient ok`;
    case 'NOTFOUND':
      return `550 5.1.1 ${recipient}... User unknown`;
    case 'TEMP':
      return '451 4.3.0 Temporary system failure. Please try again later.';
  }
}

/** What Postfix makes of the reply with virtual_mailbox_maps: its src/smtpd/smtpd_check.c, check_rcpt_maps(). */
function postfixSays({ status }: Reply, recipient: string): string {
  switch (status) {
    case 'OK':
      return '250 2.1.5 Ok';
    case 'NOTFOUND':
      return `550 5.1.1 ${recipient}: Recipient address rejected: User unknown in virtual mailbox table`;
    case 'TEMP':
      return `451 4.3.0 ${recipient}: Temporary lookup failure`;
  }
}

function line(name: string, value: string): string {
  return `${name.padEnd(11)}${value}`;
}
