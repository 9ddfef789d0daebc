// Sends letters as strangers do: over SMTP from another host, one recipient each, from senders of their own, several sessions at once.
import { SmtpClient, type Reply } from '../containers/smtp.js';
import type { Letter } from './recipients.js';

const SESSIONS = 8;
const LETTERS_A_SESSION = 50;
/** Not allowed to relay. */
const STRANGER = '127.0.0.2';

/** What the mail server says of a letter, at RCPT or after the dot. */
export type Said = 'taken' | 'refused' | 'deferred';

export function senderOf({ number }: Letter): string {
  return `l${number}@sender.test`;
}

/** @param mark stands in each letter, with its number: `X-Letter: MARK-7` */
export async function sendAll(
  port: number,
  letters: readonly Letter[],
  mark: string,
): Promise<Map<Letter, Said>> {
  const said = new Map<Letter, Said>();
  const left = letters.values();
  await Promise.all(Array.from({ length: SESSIONS }, () => sendFrom(left, port, mark, said)));
  return said;
}

async function sendFrom(
  left: Iterator<Letter>,
  port: number,
  mark: string,
  said: Map<Letter, Said>,
): Promise<void> {
  for (let next = left.next(); next.done !== true;) {
    const client = await SmtpClient.connect({ port, from: STRANGER });
    await client.ehlo();
    for (let sent = 0; sent < LETTERS_A_SESSION && next.done !== true; sent++) {
      said.set(next.value, outcomeOf(await send(client, next.value, mark)));
      next = left.next();
    }
    await client.quit();
  }
}

async function send(client: SmtpClient, letter: Letter, mark: string): Promise<Reply> {
  const mail = await client.command(`MAIL FROM:<${senderOf(letter)}>`);
  if (mail.code !== 250) throw new Error(`MAIL: ${mail.code} ${mail.text}`);
  const rcpt = await client.command(`RCPT TO:<${letter.to}>`);
  if (rcpt.code === 250) return client.data(textOf(letter, mark));
  await client.command('RSET');
  return rcpt;
}

function textOf(letter: Letter, mark: string): string {
  const header = [
    `From: <${senderOf(letter)}>`,
    'To: undisclosed-recipients:;',
    `Subject: ${letter.kind}`,
    `Message-ID: <${mark}-${letter.number}@sender.test>`,
    `Date: ${new Date().toUTCString()}`,
    `X-Letter: ${mark}-${letter.number}`,
  ];
  return `${header.join('\n')}\n\nA letter.\n`;
}

function outcomeOf({ code }: Reply): Said {
  if (code === 250) return 'taken';
  return code >= 500 ? 'refused' : 'deferred';
}
