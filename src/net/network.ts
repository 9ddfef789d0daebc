// Networks in CIDR notation (RFC 4632, RFC 4291 section 2.3): `192.0.2.0/24`, `2001:db8::/32`, or one address. No I/O.
import { isIP } from 'node:net';

/** A network in the words of `net.BlockList.addSubnet`. */
export type Network = {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
};

/** @returns undefined where the text is no network */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = slash === -1 ? text : text.slice(0, slash);
  const version = isIP(address);
  if (version === 0 || address.includes('%')) return undefined;

  const family = version === 4 ? 'ipv4' : 'ipv6';
  const longest = version === 4 ? 32 : 128;
  if (slash === -1) return { address, prefix: longest, family };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > longest) return undefined;
  return { address, prefix: Number(digits), family };
}
