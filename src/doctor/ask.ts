// Asks the daemon on each of our listeners, Cyrus on each back-channel, and Cyrus about each postmaster. Nothing is delivered, and
// a question that would create a mailbox is not asked.
import { buildBackchannels, type Backchannels } from '../backchannels/build.js';
import { validatorRules } from '../backchannels/rules.js';
import type { BackchannelConfig, Config, CyrusBackchannelConfig } from '../config/config.js';
import { messageOf } from '../errors.js';
import type { Endpoint } from '../net/endpoint.js';
import { silentLog, type Log } from '../log/log.js';
import { SocketmapConnection } from '../socketmap/client.js';
import type { Probe } from '../validation/probe.js';
import { parseKey, type Recipient } from '../validation/recipient.js';
import { Validator } from '../validation/validator.js';
import { DEFAULT_BELIEF } from '../validation/belief.js';
import { DEFAULT_CACHE_LIMITS, VerdictCache } from '../validation/verdict-cache.js';
import type { Verdict } from '../validation/verdict.js';
import { askDaemon } from './ask-daemon.js';
import { askFleet } from './ask-fleet.js';
import { askSendmail } from './ask-sendmail.js';
import type { SendmailAnswer } from './sendmail-verify.js';
import type { Unseen } from './finding.js';
import { runProgram } from './run-program.js';
import type { Seen } from './look.js';
import { cyrusRoutes, type BackchannelAnswer, type ListenerAnswer, type Picture } from './picture.js';

/** A mailbox name cannot have a `%`: so, whatever the settings of Cyrus are, asking about this one creates nothing. */
const NOBODY = 'cyrusmapd%doctor';

/**
 * @param makesMailboxes whether Cyrus is set to make what it is asked about
 * @throws ConfigError where a list of mailboxes cannot be read
 */
export async function ask(config: Config, seen: Seen, makesMailboxes: boolean): Promise<Picture> {
  const creations: Creations = new Map();
  const log = overhear(creations);
  const backchannels = await buildBackchannels(config, { log, now, random: Math.random });
  const unseen = [...seen.unseen];
  const listeners = await Promise.all(config.socketmap.listen.map((each) => askListener(each, config)));
  const answers = await Promise.all(
    config.backchannels.map((each) => askBackchannel(each, backchannels, config, creations)),
  );
  const postmasters = await askPostmasters(seen, makesMailboxes, backchannels, config, unseen);
  const picture = {
    ...seen,
    config,
    listeners,
    backchannels: answers,
    postmasters,
    running: await askDaemon(config, unseen),
    fleet: await askFleet(config),
    // Sendmail's rules ask our daemon. Where nobody answers there, that is a finding already, and Sendmail could only repeat it.
    sendmailSaid: listeners.every(({ error }) => error === undefined)
      ? await askSendmailItself(seen, makesMailboxes, answers, postmasters, unseen)
      : undefined,
    unseen,
  };
  await Promise.all(backchannels.probes.map((probe) => probe.close()));
  return picture;
}

/** Asks about a mailbox in a domain that Sendmail gives to Cyrus; about one that does not exist only where that creates none. */
async function askSendmailItself(
  { sendmail }: Seen,
  makesMailboxes: boolean,
  answers: readonly BackchannelAnswer[],
  postmasters: ReadonlyMap<string, Verdict>,
  unseen: Unseen[],
): Promise<SendmailAnswer | undefined> {
  if (sendmail === undefined) return undefined;
  const domains = cyrusRoutes(sendmail)
    .map(({ key }) => key)
    .filter((domain) => !domain.startsWith('.'));
  const canaries = answers.flatMap(({ backchannel, canary }) =>
    canary?.kind === 'deliverable' && hasCanaries(backchannel)
      ? backchannel.canaries.map(({ address }) => address)
      : [],
  );
  const confirmed = [...postmasters].flatMap(([domain, verdict]) =>
    verdict.kind === 'deliverable' ? [`postmaster@${domain}`] : [],
  );
  const somebody = [...canaries, ...confirmed].find((each) =>
    domains.some((domain) => each.endsWith(`@${domain}`)),
  );
  const creates = makesMailboxes || answers.some(({ creation }) => creation !== undefined);
  return askSendmail(sendmail, somebody, creates ? undefined : domains[0], runProgram, unseen);
}

type Creations = Map<string, 'catch-all' | 'autocreate'>;

/** A back-channel tells by these verbs of the log what lmtpd does with a RCPT for a name that cannot exist. */
function overhear(creations: Creations): Log {
  const note = (fields: object): void => {
    if (!('backchannel' in fields && 'event' in fields)) return;
    const { backchannel, event } = fields;
    if (event === 'catch-all' || event === 'autocreate') creations.set(String(backchannel), event);
  };
  return { ...silentLog, warn: note, error: note };
}

/** Any reply will do: a daemon that defers is there. */
async function askListener(endpoint: Endpoint, { lookup }: Config): Promise<ListenerAnswer> {
  try {
    const client = await SocketmapConnection.connect(reachable(endpoint), lookup.deadlineMs * 2);
    try {
      await client.lookup('cyrus', 'postmaster');
    } finally {
      client.close();
    }
    return { endpoint, error: undefined };
  } catch (error) {
    return { endpoint, error: messageOf(error) };
  }
}

function reachable(endpoint: Endpoint): Endpoint {
  if (endpoint.kind === 'unix') return endpoint;
  if (endpoint.host === '0.0.0.0') return { ...endpoint, host: '127.0.0.1' };
  return endpoint.host === '::' ? { ...endpoint, host: '::1' } : endpoint;
}

async function askBackchannel(
  backchannel: BackchannelConfig,
  { probes, murders }: Backchannels,
  { lookup }: Config,
  creations: Creations,
): Promise<BackchannelAnswer> {
  const probe = probes.find(({ name }) => name === backchannel.name);
  const nobody = parseKey(NOBODY, lookup.addressRules);
  const answer = { backchannel, error: undefined, canary: undefined, creation: undefined };
  if (probe === undefined || nobody.kind !== 'recipient') return answer;
  try {
    if (backchannel.type === 'mupdate') return { ...answer, ...(await askMaster(backchannel.name, murders)) };
    await probe.check(nobody.recipient, now() + lookup.deadlineMs);
    const canaries = hasCanaries(backchannel) ? backchannel.canaries : [];
    const said = await askCanaries(canaries, probe, lookup.deadlineMs);
    return { ...answer, ...said, creation: creations.get(backchannel.name) };
  } catch (error) {
    return { ...answer, error: messageOf(error) };
  }
}

/** Of a mupdate master it is its list that is asked for. */
async function askMaster(
  name: string,
  murders: Backchannels['murders'],
): Promise<Pick<BackchannelAnswer, 'error' | 'strangers'>> {
  const probe = murders.find(({ basis }) => basis.backchannel.name === name)?.probe;
  await probe?.tried;
  return { error: probe?.state.trouble, strangers: probe?.state.strangers ?? [] };
}

function hasCanaries(backchannel: BackchannelConfig): backchannel is CyrusBackchannelConfig {
  return backchannel.type === 'lmtp' || backchannel.type === 'imap';
}

/** All canaries must exist. @returns what is said of the first one that does not, else of the first one */
async function askCanaries(
  canaries: readonly Recipient[],
  probe: Probe,
  deadlineMs: number,
): Promise<Pick<BackchannelAnswer, 'canary' | 'lacks'>> {
  let first: Verdict | undefined;
  for (const lacks of canaries) {
    const canary = await probe.check(lacks, now() + deadlineMs);
    if (canary.kind !== 'deliverable' && canary.kind !== 'overquota') return { canary, lacks };
    first ??= canary;
  }
  return { canary: first };
}

/** Asks whether each postmaster has a mailbox, whatever lookup.always_accept says; not where virtusertable sends it elsewhere. */
async function askPostmasters(
  { sendmail }: Seen,
  makesMailboxes: boolean,
  { route }: Backchannels,
  config: Config,
  unseen: Unseen[],
): Promise<ReadonlyMap<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  if (sendmail === undefined) return verdicts;
  const elsewhere = new Set(sendmail.virtusertable?.entries.map(({ key }) => key));
  const domains = cyrusRoutes(sendmail)
    .map(({ key }) => key)
    .filter((domain) => !domain.startsWith('.'))
    .filter((domain) => !elsewhere.has(`postmaster@${domain}`) && !elsewhere.has(`@${domain}`));
  const accepted = config.backchannels.some((each) => each.type === 'lmtp' && each.autocreate === 'accept');
  if (makesMailboxes && accepted && domains.length > 0) {
    unseen.push({ what: `postmaster in ${domains.length} domains`, why: 'Cyrus would make the mailbox' });
    return verdicts;
  }
  const cache = new VerdictCache(DEFAULT_CACHE_LIMITS, DEFAULT_BELIEF, now());
  const rules = { ...validatorRules(config), alwaysAccepts: () => false };
  const validator = new Validator(cache, route, rules, now);
  for (const domain of domains) {
    const { verdict } = await validator.ask(`postmaster@${domain}`);
    verdicts.set(domain, verdict);
    if (verdict.kind === 'deferred') unseen.push({ what: `postmaster@${domain}`, why: verdict.reason });
  }
  return verdicts;
}

function now(): number {
  return performance.now();
}
