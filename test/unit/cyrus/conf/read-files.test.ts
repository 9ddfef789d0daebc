import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CONF_MAX_BYTES,
  findConf,
  haveChanged,
  readCyrusConf,
  readImapdConf,
} from '../../../../src/cyrus/conf/read-files.js';
import { ConfigError } from '../../../../src/errors.js';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('readImapdConf', () => {
  test('reads a file and what it includes', async () => {
    writeFileSync(at('imapd.conf'), `configdirectory: /var/imap\n@include: ${at('more')}\n`);
    writeFileSync(at('more'), 'postuser: p\nlmtp_postuser: q\n');
    const conf = await readImapdConf(at('imapd.conf'), 'lmtp');
    expect(conf).toMatchObject({ path: at('imapd.conf'), service: 'lmtp', postUser: 'q', refusals: [] });
    expect(conf.files.map(({ path }) => path)).toEqual([at('imapd.conf'), at('more')]);
    expect(conf.find('postuser')?.where).toEqual({ path: at('more'), line: 2 });
  });

  test.each([
    ['another file in its place', () => renameSync(at('other'), at('more'))],
    ['a line more', () => writeFileSync(at('more'), 'a: b\n', { flag: 'a' })],
    ['its loss', () => rmSync(at('more'))],
  ])('lets %s be noticed', async (_, change) => {
    writeFileSync(at('imapd.conf'), `configdirectory: /var/imap\n@include: ${at('more')}\n`);
    writeFileSync(at('more'), 'postuser: p\n');
    writeFileSync(at('other'), 'postuser: p\n');
    const { files } = await readImapdConf(at('imapd.conf'));
    expect(haveChanged(files)).toBe(false);
    change();
    expect(haveChanged(files)).toBe(true);
  });

  test.each([
    ['nothing', () => {}, /: ENOENT/],
    ['a folder', () => mkdirSync(at('x')), /: must be a regular file$/],
    ['a FIFO', () => execFileSync('mkfifo', [at('x')]), /: must be a regular file$/],
    ['a device', () => symlinkSync('/dev/zero', at('x')), /: must be a regular file$/],
    [
      'a file without end',
      () => {
        writeFileSync(at('x'), '');
        truncateSync(at('x'), CONF_MAX_BYTES + 1);
      },
      /: has 1048577 bytes: must have at most 1048576$/,
    ],
  ])('refuses %s, and names the line that includes it', async (_, make, message) => {
    rmSync(at('x'), { recursive: true, force: true });
    make();
    writeFileSync(at('imapd.conf'), `configdirectory: /var/imap\n\n@include: ${at('x')}\n`);
    await expect(readImapdConf(at('x'))).rejects.toThrow(ConfigError);
    await expect(readImapdConf(at('x'))).rejects.toThrow(message);
    await expect(readImapdConf(at('x'))).rejects.toThrow(at('x'));
    await expect(readImapdConf(at('imapd.conf'))).rejects.toThrow(
      `${at('imapd.conf')}:3 includes ${at('x')}: `,
    );
  });

  test('refuses a relative path, which Cyrus takes from where it was started', async () => {
    writeFileSync(at('imapd.conf'), '@include: more\n');
    await expect(readImapdConf(at('imapd.conf'))).rejects.toThrow(
      /:1 includes more: must be an absolute path$/,
    );
  });
});

describe('a file that is rewritten in place', () => {
  /** A line at a time, with a pause after each. */
  async function rewrite(name: string, lines: readonly string[], pauseMs: number): Promise<void> {
    writeFileSync(at(name), '');
    for (const line of lines) {
      appendFileSync(at(name), `${line}\n`);
      await sleep(pauseMs);
    }
  }

  test('is read when it is whole, and not by its first half', async () => {
    const lines = [
      'configdirectory: /var/imap',
      'unixhierarchysep: yes',
      'virtdomains: userid',
      'defaultdomain: a.test',
    ];
    const writing = rewrite('imapd.conf', lines, 60);
    await sleep(100);
    const conf = await readImapdConf(at('imapd.conf'));
    expect(conf).toMatchObject({ virtualDomains: 'userid', defaultDomain: 'a.test' });
    await writing;
  });

  test('is read when what it includes is whole', async () => {
    writeFileSync(at('imapd.conf'), `configdirectory: /var/imap\n@include: ${at('more')}\n`);
    const writing = rewrite('more', ['postuser: p', 'virtdomains: on'], 80);
    expect(await readImapdConf(at('imapd.conf'))).toMatchObject({ postUser: 'p', virtualDomains: 'on' });
    await writing;
  });

  test('is not refused for half a line', async () => {
    writeFileSync(at('more'), 'postuser: p\n');
    writeFileSync(at('imapd.conf'), `configdirectory: /var/imap\n@include: ${at('mo')}`);
    const reading = readImapdConf(at('imapd.conf'));
    appendFileSync(at('imapd.conf'), 're\n');
    expect(await reading).toMatchObject({ postUser: 'p' });
  });

  test('is refused where it never stands still', async () => {
    writeFileSync(at('imapd.conf'), 'configdirectory: /var/imap\n');
    const writer = setInterval(() => appendFileSync(at('imapd.conf'), '# more\n'), 20);
    try {
      await expect(readImapdConf(at('imapd.conf'))).rejects.toThrow(
        /: is being written to: must stand still/,
      );
    } finally {
      clearInterval(writer);
    }
  });
});

describe('readCyrusConf', () => {
  test('reads a file', async () => {
    writeFileSync(at('cyrus.conf'), 'SERVICES {\nlmtp cmd="lmtpd" listen="/l"\n}\n');
    expect((await readCyrusConf(at('cyrus.conf'))).services).toHaveLength(1);
    await expect(readCyrusConf(at('missing'))).rejects.toThrow(ConfigError);
  });
});

describe('findConf', () => {
  test('takes the first that is there', () => {
    writeFileSync(at('b'), '');
    expect(findConf([at('a'), at('b'), at('c')])).toBe(at('b'));
    expect(findConf([at('a')])).toBeUndefined();
  });
});
