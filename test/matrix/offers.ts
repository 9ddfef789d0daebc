// What one Cyrus says of itself: its version, and the capabilities that lmtpd and imapd offer.
import { parseEndpoint } from '../../src/net/endpoint.js';
import type { CyrusContainer } from '../containers/cyrus.js';
import { LineClient } from '../containers/line-client.js';

export type Offers = {
  readonly version: string;
  /** Lines of the reply to LHLO, without its first and last. */
  readonly lmtpd: readonly string[];
  /** Words of CAPABILITY, as the administrator sees them. */
  readonly imapd: readonly string[];
};

export async function readOffers(cyrus: CyrusContainer): Promise<Offers> {
  const { version, lines } = await greet(cyrus);
  const admin = await cyrus.admin();
  const [capabilities = ''] = await admin.command('CAPABILITY');
  await admin.close();
  return { version, lmtpd: lines, imapd: capabilities.split(' ').slice(2) };
}

async function greet(cyrus: CyrusContainer): Promise<{ version: string; lines: string[] }> {
  const endpoint = parseEndpoint(cyrus.lmtp);
  if (endpoint.kind === 'unix') throw new Error('no TCP port');
  const client = LineClient.connect(endpoint.port);
  const greeting = await client.line();
  client.send('LHLO client.test');
  const lines: string[] = [];
  for (let more = true; more;) {
    const line = await client.line();
    more = line.startsWith('250-');
    lines.push(line.slice(4));
  }
  client.close();
  const version = /Cyrus LMTP (\d+\.\d+\.\d+)/.exec(greeting)?.[1];
  if (version === undefined) throw new Error(`no version in ${greeting}`);
  return { version, lines: lines.slice(1, -1) };
}
