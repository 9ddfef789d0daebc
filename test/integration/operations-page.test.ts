// The incident in docs/operations.md: run against a daemon, seen by each command, the metrics and the page. With `-u` the page is
// written anew.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { AdminRig } from './admin-rig.js';
import { run } from './cyrusmapd-process.js';
import { afterwards } from './socketmap-rig.js';

const PAGE = fileURLToPath(new URL('../../docs/operations.md', import.meta.url));
const BEGIN = '<!-- transcript -->\n';
const END = '<!-- end -->';

class Transcript {
  readonly #rig: AdminRig;
  readonly #lines: string[] = [];

  constructor(rig: AdminRig) {
    this.#rig = rig;
  }

  say(text: string): void {
    this.#lines.push('', text, '');
  }

  async type(...args: string[]): Promise<void> {
    const { stdout, stderr } = await run(...args, '--control', `unix:${this.#rig.control}`);
    this.#put(`$ cyrusmapd ${args.join(' ')}`, `${stdout}${stderr}`);
  }

  #put(command: string, said: string): void {
    const lines = said
      .trimEnd()
      .split('\n')
      .map((line) => this.#timeless(line).trimEnd());
    this.#lines.push(...[command, ...lines].map((line) => (line === '' ? '' : `    ${line}`)), '');
  }

  async get(path: string, pattern: RegExp): Promise<void> {
    const { body } = await this.#rig.web(path);
    this.#put(
      `$ curl http://127.0.0.1:9841${path}`,
      [...body.matchAll(pattern)].map(([line]) => line).join('\n'),
    );
  }

  async page(): Promise<void> {
    const { body } = await this.#rig.web('/');
    this.say(`The page says: **${/id="state"[^>]*>([^<]*)/.exec(body)?.[1] ?? ''}**.`);
  }

  get text(): string {
    return this.#lines
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim();
  }

  #timeless(line: string): string {
    return line
      .replaceAll(this.#rig.folder, '/run/cyrus')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
      .replace(/\bms=[\d.]+/g, 'ms=…')
      .replace(/\bconnection=\d+/g, 'connection=…')
      .replace(/\bsession=fake-\d+/g, 'session=…')
      .replace(/\bageMs=\d+/g, 'ageMs=…')
      .replace(/\d+(\.\d+)? s ago/g, '… s ago')
      .replace(/^up .*|^memory .*/, (each) => `${each.slice(0, 12)}…`)
      .replace(/within [\d.]+ m?s/g, 'within … ms');
  }
}

test('docs/operations.md shows an incident as it is seen by stats, explain, tail, metrics and the page', async () => {
  const rig = await AdminRig.start('harvest = 1\n');
  const told = new Transcript(rig);
  rig.lmtpd.mailboxes.set('carol@example.jp', REPLIES.deliverable);
  await rig.lookup('alice@example.jp', 'carol@example.jp', 'caf\xe9@example.jp');
  told.say('All is well.');
  await told.type('stats');
  await told.page();

  await rig.lmtpd.stop();
  await rig.lookup('bob@example.jp', 'carol@example.jp', 'dave@example.jp');
  told.say(
    'Cyrus is stopped. Who is known is served, everybody else is deferred; `down` says that nobody could be asked.',
  );
  await told.type('explain', 'dave@example.jp');
  await told.get('/readyz', /.+/g);
  await told.get('/metrics', /^cyrusmapd_backchannel_up.*$/gm);
  await told.page();

  const again = await LmtpServer.listen(join(rig.folder, 'lmtp'));
  afterwards(() => again.stop());
  again.mailboxes.set('alice@example.jp', REPLIES.deliverable);
  await expect
    .poll(() => rig.lookup('alice@example.jp', 'bob@example.jp'), { timeout: 5_000 })
    .toEqual(['OK', 'NOTFOUND']);
  told.say('Cyrus is back, and somebody tries names.');
  await rig.lookup(...Array.from({ length: 40 }, (_, i) => `guess${i}@example.jp`));
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  await rig.lookup('last-guess@example.jp');
  await told.get('/metrics', /^cyrusmapd_harvest.*$/gm);
  await told.page();

  told.say('A mailbox was deleted a moment ago, and is still remembered. It is made to be forgotten.');
  await told.type('explain', 'carol@example.jp', '--ask');
  await told.type('flush', 'carol@example.jp');
  await rig.lookup('carol@example.jp');
  await told.type('explain', 'carol@example.jp');

  const page = readFileSync(PAGE, 'utf8');
  const [before = ''] = page.split(BEGIN);
  await expect(`${before}${BEGIN}\n${told.text}\n\n${END}\n`).toMatchFileSnapshot(PAGE);
}, 60_000);
