// `serve --demo`: makes a UNIX socket in a folder of its own, and says what to try next.
// The folder is made by mkdtemp(3), so nobody can have put a link in its place.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_IN_DOMAIN, BUILT_IN_ENDPOINT, BUILT_IN_LIST } from '../config/built-in.js';
import { formatEndpoint, type Endpoint } from '../net/endpoint.js';

export class DemoFolder {
  readonly #path = mkdtempSync(join(tmpdir(), 'cyrusmapd-'));

  get endpoint(): Endpoint {
    return { kind: 'unix', path: join(this.#path, 'socketmap') };
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

export function demoText(endpoints: readonly Endpoint[], pid: number): string {
  const [first] = endpoints.map(formatEndpoint);
  const server = first === undefined || first === BUILT_IN_ENDPOINT ? ' --demo' : ` --server ${first}`;
  return `cyrusmapd runs its demo: a list of mailboxes in ${BUILT_IN_DOMAIN}.
It answers socketmap lookups on
${endpoints.map((endpoint) => `  ${formatEndpoint(endpoint)}`).join('\n')}

Try next, in a second terminal, a mailbox that exists, one that does not, and the whole way to a verdict:
  npx cyrusmapd lookup alice@${BUILT_IN_DOMAIN}${server}
  npx cyrusmapd lookup nobody@${BUILT_IN_DOMAIN}${server}
  npx cyrusmapd check alice+lists@${BUILT_IN_DOMAIN} --demo
Add a mailbox to the list and have it read again:
  ${BUILT_IN_LIST}
  kill -HUP ${pid}
Ask Cyrus instead of the list:
  npx cyrusmapd serve --lmtp unix:/run/cyrus/socket/lmtp --canary postmaster@${BUILT_IN_DOMAIN}
Stop with Ctrl-C.`;
}
