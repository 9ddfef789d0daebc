// Each mend that doctor gives for imapd.conf is a line that was tried: it is written where doctor says, real Cyrus takes the
// file then, and the finding is gone.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examine } from '../../src/doctor/examine.js';
import { SUITES } from '../containers/cyrus.js';
import { CyrusPrograms } from '../containers/cyrus-programs.js';
import { apply, type Host } from '../mends/administrator.js';
import { PROVEN } from '../mends/proven.js';
import {
  IMAPD_PATH,
  imapdConf,
  pictureOf,
  SETTINGS,
  type Host as Planted,
} from '../unit/doctor/good-host.js';

const GOOD = 'configdirectory: /var/lib/cyrus\nvirtdomains: userid\n';
const EVENTS = { ...SETTINGS, events: { listen: 'unix:/run/cyrusmapd/events' } };

/** Lines that are planted, each a mistake; `;` is a newline. */
const MISTAKES: readonly (readonly [check: string, lines: string, settings?: Planted['settings']])[] = [
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
    const host = administrator(text);
    await apply(found?.mend ?? '', host);
    expect(findings(host.text, settings)).toEqual([]);
    expect(await refusal(host.text)).toBe('');
  });
});

test('has done each mend that is said to be proven here', () => {
  const done = new Set(MISTAKES.map(([check]) => check));
  expect([...done].sort()).toEqual([...PROVEN['system/doctor-cyrus']].sort());
});

/** Of one imapd.conf. Cyrus' own word of it is asked for at the end. */
function administrator(text: string): Host & { text: string } {
  return {
    text,
    read(path) {
      expect(path).toBe(IMAPD_PATH);
      return this.text;
    },
    write(_path, changed) {
      this.text = changed;
    },
    run: (command) => expect(command).toBe('cyr_info conf shows no fatal error'),
  };
}

function findings(imapd: string, settings: Planted['settings']) {
  const conf = imapdConf(imapd);
  return examine({ ...pictureOf({ settings }), imapdConf: conf });
}
