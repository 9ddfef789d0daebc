// Each mend that doctor gives for imapd.conf is a line that was tried: it is written where doctor says, real Cyrus takes the
// file then, and the finding is gone.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examine } from '../../src/doctor/examine.js';
import { SUITES } from '../containers/cyrus.js';
import { CyrusPrograms } from '../containers/cyrus-programs.js';
import { IMAPD_PATH, imapdConf, pictureOf, SETTINGS, type Host } from '../unit/doctor/good-host.js';

const GOOD = 'configdirectory: /var/lib/cyrus\nvirtdomains: userid\n';
const EVENTS = { ...SETTINGS, events: { listen: 'unix:/run/cyrusmapd/events' } };

/** Lines that are planted, each a mistake; `;` is a newline. */
const MISTAKES: readonly (readonly [check: string, lines: string, settings?: Host['settings']])[] = [
  ['imapd.refused', 'a: 1;a: 2'],
  ['imapd.refused', 'lmtp_strict_quota: Yes'],
  ['imapd.refused', 'unixhierarchysep yes'],
  ['imapd.refused', 'postuser:'],
  ['imapd.refused', '  virtdomains: userid'],
  ['imapd.refused', 'mboxlist_db: berkeley'],
  ['imapd.catchall', 'lmtp_catchall_mailbox: all'],
  ['imapd.autocreate', 'autocreate_post: yes;autocreate_quota: 0'],
  ['imapd.autocreate', 'createonpost: 1;autocreatequota: 0'],
  ['imapd.autocreateusers', 'autocreate_post: 1;autocreate_quota: 0;autocreate_users: bob'],
  ['imapd.separator', 'unixhierarchysep: no'],
  ['imapd.separator', ' UnixHierarchySep:\\;no'],
  ['imapd.separator', 'lmtpunix_unixhierarchysep: 0;unixhierarchysep: yes'],
  ['imapd.fuzzy', 'lmtp_fuzzy_mailbox_match: t'],
  ['imapd.strict', 'lmtp_strict_quota: yes'],
  ['imapd.domaincase', 'defaultdomain: RIG.test'],
  ['imapd.quotaevents', 'event_notifier: external;event_groups: mailbox quota'],
  ['imapd.events', 'notifysocket: /x', EVENTS],
  ['imapd.events', 'event_notifier: log;event_groups: message', EVENTS],
];

const ROWS = MISTAKES.map(([check, lines, settings = SETTINGS]) => ({ check, lines, settings }));

describe.each(SUITES)('a mend of doctor, by Cyrus of %s', (suite) => {
  let folder: string;
  let cyrus: CyrusPrograms;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cyrusmapd-mend-'));
    cyrus = await CyrusPrograms.start(suite, folder);
  });
  afterAll(async () => {
    await cyrus?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** What is said by Cyrus' own reading of it; empty where it takes it. */
  async function refusal(text: string): Promise<string> {
    await writeFile(join(folder, 'imapd.conf'), text);
    return cyrus.run('cyr_info conf -n lmtpunix -C /d/imapd.conf 2>&1 >/dev/null | grep fatal || true');
  }

  test.each(ROWS)('for $check: $lines', async ({ check, lines, settings }) => {
    const text = `${GOOD}${lines.replaceAll(';', '\n')}\n`;
    const [found, ...more] = findings(text, settings);
    expect([found?.check, ...more]).toEqual([check]);
    expect((await refusal(text)) !== '').toBe(check === 'imapd.refused');
    const mended = apply(text, found?.mend ?? '');
    expect(findings(mended, settings)).toEqual([]);
    expect(await refusal(mended)).toBe('');
  });
});

function findings(imapd: string, settings: Host['settings']) {
  const conf = imapdConf(imapd);
  return examine({ ...pictureOf({ settings }), imapdConf: conf });
}

/** As an administrator would: each part names a line and what to write there, or to take out, or what to add. */
function apply(text: string, mend: string): string {
  const lines = text.split('\n');
  const added: string[] = [];
  for (const part of mend.split('; ')) {
    const at = (pattern: string) => new RegExp(pattern.replace('FILE', IMAPD_PATH)).exec(part);
    const written = at('^at FILE:(\\d+) write: (.*)$');
    const removed = at('^take out the line at FILE:(\\d+)');
    const add = at('^to FILE add: (.*)$');
    if (written !== null) replace(lines, Number(written[1]), written[2] ?? '');
    if (removed !== null) replace(lines, Number(removed[1]), '');
    if (add?.[1] !== undefined) added.push(add[1]);
  }
  return `${lines.join('\n')}${added.map((line) => `${line}\n`).join('')}`;
}

/** The whole line, where it is one of several that are joined. */
function replace(lines: string[], number: number, text: string): void {
  let first = number - 1;
  while (first > 0 && lines[first - 1]?.endsWith('\\') === true) first--;
  for (let i = first; i < number; i++) lines[i] = i === number - 1 ? text : '';
}
