// All checks on one picture, in the order in which a letter meets what they look at. No I/O.
import { checkBackchannels } from './check-backchannels.js';
import { checkConf } from './check-conf.js';
import { checkDomains } from './check-domains.js';
import { checkEvents } from './check-events.js';
import { checkFleet } from './check-fleet.js';
import { checkImapd } from './check-imapd.js';
import { checkMailer } from './check-mailer.js';
import { checkPlace } from './check-place.js';
import { checkPostfix } from './check-postfix.js';
import { checkProof } from './check-proof.js';
import { checkSaslConf } from './check-sasl-conf.js';
import { checkSasldb } from './check-sasldb.js';
import { checkSendmail } from './check-sendmail.js';
import { checkSocket } from './check-socket.js';
import type { Finding } from './finding.js';
import type { Picture } from './picture.js';

const CHECKS: readonly ((picture: Picture) => readonly Finding[])[] = [
  checkSendmail,
  checkMailer,
  checkPostfix,
  checkDomains,
  checkSocket,
  checkBackchannels,
  checkPlace,
  checkConf,
  checkImapd,
  checkEvents,
  checkProof,
  checkFleet,
  checkSaslConf,
  checkSasldb,
];

export function examine(picture: Picture): readonly Finding[] {
  return CHECKS.flatMap((check) => check(picture));
}
