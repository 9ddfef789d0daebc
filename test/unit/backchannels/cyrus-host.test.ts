// What a configuration need not say, where Cyrus' own files do.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completeFromCyrus } from '../../../src/backchannels/cyrus-host.js';
import type { Config } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';
import { hosted } from '../../../src/daemon/host-clock.js';

const LISTEN = '[socketmap]\nlisten = ["unix:/run/socketmap"]\n';
const IMAPD_CONF = [
  'configdirectory: /var/imap',
  'virtdomains: userid',
  'defaultdomain: RIG.test',
  'postuser: post',
  'lmtp_downcase_rcpt: no',
];
const CYRUS_CONF = `SERVICES {
  imap cmd="imapd" listen="imap"
  lmtp cmd="lmtpd -a" listen="127.0.0.1:2003"
  lmtpunix cmd="lmtpd" listen="/var/imap/socket/lmtp"
}
`;

let folder: string;
let imapdConf: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-host-'));
  imapdConf = join(folder, 'imapd.conf');
  writeFileSync(imapdConf, `${IMAPD_CONF.join('\n')}\n`);
});

afterEach(() => rmSync(folder, { recursive: true }));

async function load(text: string, places = [imapdConf], former?: string): Promise<Config> {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(file, text);
  return (await loadConfig({ config: file }, (table) => completeFromCyrus(table, places, former))).config;
}

describe('an imapd.conf that was followed before', () => {
  test('is waited for while it is away: nobody knows meanwhile whose mailbox an address is', async () => {
    writeFileSync(join(folder, 'cyrus.conf'), CYRUS_CONF);
    renameSync(imapdConf, `${imapdConf}~`);
    const other = join(folder, 'other.conf');
    writeFileSync(other, 'configdirectory: /nowhere\n');
    await expect(load(LISTEN, [imapdConf, other], imapdConf)).rejects.toThrow(
      `${imapdConf} is gone: must be there`,
    );
    expect(
      (
        await load(
          `${LISTEN}\n[cyrus]\nimapd_conf = ""\n[backchannel.l]\ntype = "list"\nfile = "/l"\n[domains]\n"*" = "l"\n`,
          [imapdConf],
          imapdConf,
        )
      ).host,
    ).toBeUndefined();
    renameSync(`${imapdConf}~`, imapdConf);
    expect((await load(LISTEN, [imapdConf], imapdConf)).host).toMatchObject({ imapdConf });
  });

  test('is not done without where it cannot be read any more', async () => {
    writeFileSync(imapdConf, `@include: ${folder}/missing\n`);
    await expect(load(LISTEN, [imapdConf], imapdConf)).rejects.toThrow('/missing: ENOENT');
  });
});

describe('with lmtp_strict_rfc2821 off', () => {
  test('8-bit local parts are asked about, unless the file says otherwise, which is no difference', async () => {
    writeFileSync(join(folder, 'cyrus.conf'), CYRUS_CONF);
    writeFileSync(imapdConf, `${IMAPD_CONF.join('\n')}\nlmtp_strict_rfc2821: no\n`);
    const config = await load(LISTEN);
    expect(config.lookup).toMatchObject({ eightBit: 'ask', addressRules: { asksEightBit: true } });
    const set = await load(`${LISTEN}\n[lookup]\neight_bit = "temp"\n`);
    expect(set.lookup).toMatchObject({ eightBit: 'temp', addressRules: { asksEightBit: false } });
    expect(set.host?.differences).toEqual([]);
  });
});

describe('with lmtp_strict_quota', () => {
  const counts = ({ backchannels }: Config): Record<string, unknown> =>
    Object.fromEntries(backchannels.map((each) => [each.name, 'strictQuota' in each && each.strictQuota]));

  test('lmtpd on this machine counts the message, unless the file says otherwise; others as the file says', async () => {
    writeFileSync(join(folder, 'cyrus.conf'), CYRUS_CONF);
    writeFileSync(imapdConf, `${IMAPD_CONF.join('\n')}\nlmtp_strict_quota: yes\n`);
    expect(counts(await load(LISTEN))).toEqual({ cyrus: true });
    const here = 'type = "lmtp"\nendpoint = "unix:/var/imap/socket/lmtp"';
    const text = `${LISTEN}
      [backchannel.here]
      ${here}
      [backchannel.lax]
      ${here}
      strict_quota = false
      [backchannel.elsewhere]
      type = "lmtp"
      endpoint = "inet:2003@192.0.2.1"
      [backchannel.names]
      type = "list"
      file = "/l"
      [domains]
      "*" = "here"
    `;
    expect(counts(await load(text))).toEqual({ here: true, lax: false, elsewhere: false, names: false });
  });

  test('that is off, nothing is counted', async () => {
    writeFileSync(join(folder, 'cyrus.conf'), CYRUS_CONF);
    expect(counts(await load(LISTEN))).toEqual({ cyrus: false });
  });
});

describe('a file that says where to listen, and nothing else', () => {
  test('is a whole configuration', async () => {
    writeFileSync(join(folder, 'cyrus.conf'), CYRUS_CONF);
    const config = await load(LISTEN);
    expect(config.backchannels).toMatchObject([
      { name: 'cyrus', type: 'lmtp', endpoint: { kind: 'unix', path: '/var/imap/socket/lmtp' } },
    ]);
    expect(config.lookup.addressRules).toEqual({
      downcase: false,
      postUser: 'post',
      virtualDomains: true,
      defaultDomain: 'rig.test',
      spelledDefaultDomain: 'RIG.test',
      asksEightBit: false,
    });
    expect(config.host).toMatchObject({
      named: false,
      files: [{ path: imapdConf }],
      list: { path: '/var/imap/mailboxes.db', kind: 'twoskip' },
      userDeny: '/var/imap/user_deny.db',
      mupdate: false,
      differences: [],
    });
    expect(hosted(config)).toEqual(['cyrus']);
  });

  test('asks on the socket of imapd.conf where there is no cyrus.conf', async () => {
    writeFileSync(imapdConf, `${IMAPD_CONF.join('\n')}\nlmtpsocket: /run/lmtp\n`);
    expect((await load(LISTEN)).backchannels).toMatchObject([{ endpoint: { path: '/run/lmtp' } }]);
  });

  test('is none where there is no imapd.conf', async () => {
    await expect(load(LISTEN, [join(folder, 'nothing')])).rejects.toThrow(/backchannel is missing/);
  });
});

describe('what the file says', () => {
  const UNIX = '[backchannel.mine]\ntype = "lmtp"\nendpoint = "unix:/run/lmtp"\n';

  test('wins, and a difference is told', async () => {
    const config = await load(`${LISTEN}${UNIX}[lookup]\ndowncase = true\npost_user = "post"\n`);
    expect(config.lookup.addressRules).toMatchObject({ downcase: true, postUser: 'post' });
    expect(config.host?.differences).toEqual([`lookup.downcase is true: ${imapdConf} says false`]);
  });

  test('wins where the two cannot stand together, and that is told', async () => {
    const domains = 'domains = { "rig.test" = "other", "*" = "mine" }\n';
    const other = '[backchannel.other]\ntype = "lmtp"\nendpoint = "inet:24@192.0.2.1"\n';
    const config = await load(`${domains}${LISTEN}${UNIX}${other}`);
    expect(config.lookup.addressRules.defaultDomain).toBeUndefined();
    expect(config.host?.differences).toEqual([expect.stringContaining('cannot be followed')]);
  });

  test.each([
    ['asks nobody on a UNIX socket', '[backchannel.far]\ntype = "lmtp"\nendpoint = "inet:24@192.0.2.1"\n'],
    ['does not want it', `${UNIX}[cyrus]\nimapd_conf = ""\n`],
  ])('is all there is where it %s', async (_, text) => {
    const config = await load(LISTEN + text);
    expect([config.host, config.lookup.addressRules.postUser]).toEqual([undefined, '']);
  });

  test('may name the imapd.conf, whose Cyrus is then each that can be on this machine', async () => {
    const local = '[backchannel.near]\ntype = "lmtp"\nendpoint = "inet:2003@127.0.0.1"\n';
    const config = await load(`${LISTEN}${local}[cyrus]\nimapd_conf = "${imapdConf}"\n`, []);
    expect([config.host?.named, hosted(config)]).toEqual([true, ['near']]);
    await expect(load(`${LISTEN}${local}[cyrus]\nimapd_conf = "/nothing"\n`)).rejects.toThrow(/\/nothing/);
  });
});

test('an imapd.conf that was found and cannot be used changes nothing, and is told of', async () => {
  writeFileSync(imapdConf, `@include: ${folder}/nothing\n`);
  const config = await load(`${LISTEN}[backchannel.mine]\ntype = "lmtp"\nendpoint = "unix:/run/lmtp"\n`);
  expect(config.lookup.addressRules.postUser).toBe('');
  expect(config.host).toMatchObject({ list: undefined, differences: [expect.stringContaining('nothing')] });
});

test('of several UNIX sockets only those are of this Cyrus on which it listens', async () => {
  writeFileSync(join(folder, 'cyrus.conf'), CYRUS_CONF);
  const config = await load(`domains = { "*" = "a" }\n${LISTEN}
    [backchannel.a]\ntype = "lmtp"\nendpoint = "unix:/run/another"
    [backchannel.b]\ntype = "lmtp"\nendpoint = "unix:/var/imap/socket/lmtp"`);
  expect(hosted(config)).toEqual(['b']);
});
