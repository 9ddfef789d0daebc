// Deliveries over LMTP (RFC 2033), each to one recipient, for tests: what lmtpd says at RCPT and after the message.
// It owes nothing to src/.
import { randomUUID } from 'node:crypto';
import { LineClient } from './line-client.js';

export interface DeliveryOptions {
  /** The sender; empty by default, as a probe has it. */
  readonly from?: string;
  /** About how many bytes the message has. */
  readonly size?: number;
  /** Exactly so many bytes, in the place of `size`; at least 300. */
  readonly bytes?: number;
  /** Told with MAIL (RFC 1870). */
  readonly declared?: number;
  /** Ends after RCPT: nothing is delivered. */
  readonly dropped?: boolean;
}

export interface Delivery {
  /** The last line of the reply to RCPT. */
  readonly rcpt: string;
  /** The last line of the reply after the message; undefined where RCPT was refused. */
  readonly data: string | undefined;
  /** Stands in the message, and in no other. */
  readonly marker: string;
}

/** As grep and RegExp read it alike. */
export const MARKER = /marker-[0-9a-f-]*/;

/** In no other message. */
export function newMarker(): string {
  return `marker-${randomUUID()}`;
}

export async function deliver(port: number, rcpt: string, options: DeliveryOptions = {}): Promise<Delivery> {
  const [delivery] = await deliverAll(port, [rcpt], options);
  if (delivery === undefined) throw new Error('nothing was delivered');
  return delivery;
}

/** One message for each, in one session: after each fiftieth connection lmtpd lets the next one wait for 5 s. */
export async function deliverAll(
  port: number,
  rcpts: readonly string[],
  options: DeliveryOptions = {},
): Promise<Delivery[]> {
  const client = LineClient.connect(port);
  try {
    await expect(client, '2');
    await command(client, 'LHLO client.test', '2');
    const deliveries: Delivery[] = [];
    for (const rcpt of rcpts) deliveries.push(await deliverOne(client, rcpt, options));
    return deliveries;
  } finally {
    client.send('QUIT');
    client.close();
  }
}

async function deliverOne(client: LineClient, rcpt: string, options: DeliveryOptions): Promise<Delivery> {
  const { from = '', declared, dropped = false } = options;
  const marker = newMarker();
  const size = declared === undefined ? '' : ` SIZE=${declared}`;
  await command(client, `MAIL FROM:<${from}>${size}`, '2');
  const answer = await command(client, `RCPT TO:<${rcpt}>`);
  if (dropped || !answer.startsWith('2')) {
    await command(client, 'RSET', '2');
    return { rcpt: answer, data: undefined, marker };
  }
  await command(client, 'DATA', '354');
  const data = await command(client, `${message(marker, from, rcpt, options)}\r\n.`);
  return { rcpt: answer, data, marker };
}

function message(marker: string, from: string, to: string, { size = 0, bytes }: DeliveryOptions): string {
  const header = [
    `From: <${from === '' ? 'a@sender.test' : from}>`,
    `To: <${to}>`,
    `Message-ID: <${marker}@client.test>`,
    `Date: ${new Date().toUTCString()}`,
  ].join('\r\n');
  const line = `${'x'.repeat(70)}\r\n`;
  if (bytes === undefined) return `${header}\r\n\r\n${line.repeat(Math.ceil(size / line.length))}end`;
  // With the CR LF before the dot, which is a part of it.
  const left = bytes - `${header}\r\n\r\n\r\n`.length;
  const lines = line.repeat(Math.floor(left / line.length));
  return `${header}\r\n\r\n${lines}${'y'.repeat(left % line.length)}`;
}

async function command(client: LineClient, line: string, wanted = ''): Promise<string> {
  client.send(line);
  return expect(client, wanted);
}

async function expect(client: LineClient, wanted: string): Promise<string> {
  for (;;) {
    const line = await client.line();
    if (/^\d{3}-/.test(line)) continue;
    if (!line.startsWith(wanted)) throw new Error(`lmtpd: ${line}`);
    return line;
  }
}
