// `serve` without any configuration: a UNIX socket in a folder of its own, and words about what to try next.
// The folder is made by mkdtemp(3), so nobody can have put a link in its place.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_IN_DOMAIN, BUILT_IN_ENDPOINT, BUILT_IN_LIST } from '../config/built-in.js';
import { formatEndpoint, type Endpoint } from '../endpoint.js';

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
  const listening = endpoints.map((endpoint) => `  ${formatEndpoint(endpoint)}`).join('\n');
  const first = endpoints[0];
  const usual = first === undefined || formatEndpoint(first) === BUILT_IN_ENDPOINT;
  const server = usual ? '' : ` --server ${formatEndpoint(first)}`;
  return `cyrusmapd runs on its built-in default: a list of mailboxes in ${BUILT_IN_DOMAIN}.
It answers socketmap lookups on
${listening}

Try next, in a second terminal:
  npx cyrusmapd lookup alice@${BUILT_IN_DOMAIN}${server}     exists: OK
  npx cyrusmapd lookup nobody@${BUILT_IN_DOMAIN}${server}    does not: NOTFOUND
  npx cyrusmapd check alice+lists@${BUILT_IN_DOMAIN}         the whole way to a verdict
The mailboxes are in ${BUILT_IN_LIST}:
add one, and "kill -HUP ${pid}" has it read again. To ask Cyrus instead of the list:
  npx cyrusmapd serve --lmtp unix:/run/cyrus/socket/lmtp --canary postmaster@${BUILT_IN_DOMAIN}
Stop with Ctrl-C.`;
}
