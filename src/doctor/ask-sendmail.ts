// Asks Sendmail itself, by `sendmail -bv`, where it would send mail for a mailbox that exists, and for one that does not.
import type { Unseen } from './finding.js';
import type { SendmailPicture } from './picture.js';
import type { RunProgram } from './run-program.js';
import { parseVerified, type SendmailAnswer } from './sendmail-verify.js';

/** A plain name, so that Sendmail's rules have nothing else to do with it. */
const NOBODY = 'cyrusmapd-doctor-nobody';

/**
 * @param somebody an address whose mailbox Cyrus has just confirmed
 * @param domain one whose mail goes to Cyrus; undefined where asking about a mailbox that does not exist could create it
 */
export async function askSendmail(
  { cf, program }: SendmailPicture,
  somebody: string | undefined,
  domain: string | undefined,
  run: RunProgram,
  unseen: Unseen[],
): Promise<SendmailAnswer | undefined> {
  const nobody = domain === undefined ? undefined : `${NOBODY}@${domain}`;
  const addresses = [somebody, nobody].filter((each) => each !== undefined);
  if (program === undefined || addresses.length === 0) return undefined;
  const said = await run(program, ['-C', cf.path, '-bv', ...addresses]);
  const answer = parseVerified(said === undefined ? '' : `${said.output}\n${said.errors}`, addresses);
  if (answer.broken === undefined && answer.verified.size < addresses.length) {
    unseen.push({
      what: `${program} -bv`,
      why: said?.errors.split('\n')[0] || 'it said nothing of our addresses',
    });
  }
  return { ...answer, somebody, nobody };
}
