// `cyrusmapd compare` against the real smmapd: what the matrix knows of it by delivering is found and named, and nothing else.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compare, type Comparison } from '../../src/comparison/compare.js';
import { COMPARED_MAX_BYTES, OtherSocketmap } from '../../src/comparison/other-socketmap.js';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { DEFAULT_ADDRESS_RULES } from '../../src/validation/recipient.js';
import { startCyrus, SUITES, type CyrusContainer, type Suite } from '../containers/cyrus.js';
import { DaemonProcess } from '../containers/daemon.js';
import { createTableMailboxes, VERDICT_TABLE } from '../containers/verdict-table.js';
import { run } from '../integration/cyrusmapd-process.js';

const suites: readonly Suite[] = process.env['CYRUSMAPD_ALL_SUITES'] === undefined ? ['bookworm'] : SUITES;

const RULES = { ...DEFAULT_ADDRESS_RULES, postUser: 'post', defaultDomain: 'rig.test' };
const FACTS = { rules: RULES, asksLmtp: true, overQuotaAsCyrus: true };
const TIMEOUT_MS = 5000;

describe.each(suites)('compare with smmapd of Cyrus of %s', (suite) => {
  let cyrus: CyrusContainer;
  let folder: string;
  let daemon: DaemonProcess;
  let ours: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'compare-'));
    cyrus = await startCyrus({ suite });
    await createTableMailboxes(cyrus);
    daemon = await DaemonProcess.start({ listen: [`unix:${folder}/socketmap`], config: config(cyrus) });
    ours = `unix:${folder}/socketmap`;
  });
  afterAll(async () => {
    await daemon?.stop();
    await cyrus?.stop();
    await rm(folder, { recursive: true });
  });

  const sides = () => ({
    ours: new OtherSocketmap(parseEndpoint(ours), TIMEOUT_MS),
    other: new OtherSocketmap(parseEndpoint(cyrus.smmapdUnix), TIMEOUT_MS),
  });

  test('finds what the matrix knows, names it, and nothing else', async () => {
    const { ours: one, other } = sides();
    const keys = VERDICT_TABLE.map(({ key }) => key);
    // Before its first session it is not known whether Cyrus takes 8-bit addresses, and they are deferred.
    await one.ask('cyrus', 'u001@example.jp');
    const comparing = { map: 'cyrus', ours: one, other, facts: FACTS, maxBytes: COMPARED_MAX_BYTES };
    const found = await compare(keys, { ...comparing, pace: () => Promise.resolve() });
    one.close();
    other.close();
    expect(found.groups.filter(({ agrees }) => agrees !== 'ours')).toEqual([]);
    expect(found.asked + found.tooLong).toBe(keys.length);
    expect(kindsIn(found)).toEqual(suite === 'sid' ? EXPECTED_OF_SID : EXPECTED);
  });

  test('is content with a list of mailboxes and its near misses, and exits with 0', async () => {
    const list = join(folder, 'list');
    await writeFile(
      list,
      'alice@example.jp\nu001@example.jp\nu001@example.net\nfirst.last@example.jp\nbob@rig.test\n',
    );
    const file = join(folder, 'cyrusmapd.toml');
    await writeFile(file, config(cyrus));
    const { status, stdout } = await run(
      ...['compare', cyrus.smmapdUnix, '--server', ours, '--config', file],
      ...['--addresses', list, '--near-misses', '--rate', '200'],
    );
    expect(stdout).toMatch(/^detail +\d+ +OK +NOTFOUND +ours$/m);
    expect(stdout).not.toContain('undecided');
    expect(status).toBe(0);
  });

  test('names in the shadow the same difference, and serves meanwhile', async () => {
    const beside = await DaemonProcess.start({
      listen: [`unix:${folder}/beside`],
      flags: ['--shadow', cyrus.smmapdUnix],
      config: config(cyrus),
    });
    const client = new OtherSocketmap(parseEndpoint(`unix:${folder}/beside`), TIMEOUT_MS);
    expect((await client.ask('cyrus', 'alice+none@example.jp')).class).toBe('OK');
    expect((await client.ask('cyrus', 'nobody@example.jp')).class).toBe('NOTFOUND');
    expect(JSON.parse(await beside.logged(/"event":"shadow-differs"/))).toMatchObject({
      key: 'alice+none@example.jp',
      kind: 'detail',
      agrees: 'ours',
    });
    client.close();
    await beside.stop();
  });
});

/** As docs/evidence.md has it. */
const EXPECTED = {
  detail: [
    'alice+none@example.jp',
    'alice+LISTS@example.jp',
    'alice+a+b@example.jp',
    'alice+50%@example.jp',
    'alice+lists.deep@example.jp',
    'full+lists@example.jp',
  ],
  'lmtpd-defers': ['damaged@example.jp', 'denied@example.jp'],
  'message-limit': ['zeromsg@example.jp'],
  permission: ['post+shared/closed'],
  shared: [
    'post+shared/info@example.jp',
    'POST+shared/info@example.jp',
    'post+shared/anonymous@example.jp',
    'post+shared/full@example.jp',
  ],
  unaskable: ['@relay.test:alice@example.jp', 'alice+a\\b@example.jp'],
};

/** Its smmapd ends at shared mailboxes without a domain. */
const { permission: _, ...OTHERS } = EXPECTED;
const EXPECTED_OF_SID = {
  ...OTHERS,
  'no-reply': [
    'post+shared/info',
    'post+shared/info@rig.test',
    'post+/shared//info/',
    'post+shared.info',
    'post+shared.info@rig.test',
    'post+.shared..info.',
    'post+shared/closed',
    'post+shared.closed',
    'post+shared/hidden',
    'post+shared.hidden',
  ],
};

function kindsIn({ groups }: Comparison): { [kind: string]: string[] } {
  const kinds: { [kind: string]: string[] } = {};
  for (const { kind, differences } of groups)
    kinds[kind] = [...(kinds[kind] ?? []), ...differences.map(({ key }) => key)];
  return kinds;
}

function config(cyrus: CyrusContainer): string {
  return `
    [backchannel.cyrus]
    type = "lmtp"
    endpoint = "${cyrus.lmtpUnix}"
    canary = "u001@example.jp"
    [lookup]
    post_user = "post"
    default_domain = "rig.test"
  `;
}
