import { execFileSync } from 'node:child_process';
import {
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
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  it('reads a file and what it includes', () => {
    writeFileSync(at('imapd.conf'), `configdirectory: /var/imap\n@include: ${at('more')}\n`);
    writeFileSync(at('more'), 'postuser: p\nlmtp_postuser: q\n');
    const conf = readImapdConf(at('imapd.conf'), 'lmtp');
    expect(conf).toMatchObject({ path: at('imapd.conf'), service: 'lmtp', postUser: 'q', refusals: [] });
    expect(conf.files.map(({ path }) => path)).toEqual([at('imapd.conf'), at('more')]);
    expect(conf.find('postuser')?.where).toEqual({ path: at('more'), line: 2 });
  });

  it.each([
    ['another file in its place', () => renameSync(at('other'), at('more'))],
    ['a line more', () => writeFileSync(at('more'), 'a: b\n', { flag: 'a' })],
    ['its loss', () => rmSync(at('more'))],
  ])('lets %s be noticed', (_, change) => {
    writeFileSync(at('imapd.conf'), `configdirectory: /var/imap\n@include: ${at('more')}\n`);
    writeFileSync(at('more'), 'postuser: p\n');
    writeFileSync(at('other'), 'postuser: p\n');
    const { files } = readImapdConf(at('imapd.conf'));
    expect(haveChanged(files)).toBe(false);
    change();
    expect(haveChanged(files)).toBe(true);
  });

  it.each([
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
  ])('refuses %s, and names the line that includes it', (_, make, message) => {
    rmSync(at('x'), { recursive: true, force: true });
    make();
    writeFileSync(at('imapd.conf'), `configdirectory: /var/imap\n\n@include: ${at('x')}\n`);
    expect(() => readImapdConf(at('x'))).toThrow(ConfigError);
    expect(() => readImapdConf(at('x'))).toThrow(message);
    expect(() => readImapdConf(at('x'))).toThrow(at('x'));
    expect(() => readImapdConf(at('imapd.conf'))).toThrow(`${at('imapd.conf')}:3 includes ${at('x')}: `);
  });

  it('refuses a relative path, which Cyrus takes from where it was started', () => {
    writeFileSync(at('imapd.conf'), '@include: more\n');
    expect(() => readImapdConf(at('imapd.conf'))).toThrow(/:1 includes more: must be an absolute path$/);
  });
});

describe('readCyrusConf', () => {
  it('reads a file', () => {
    writeFileSync(at('cyrus.conf'), 'SERVICES {\nlmtp cmd="lmtpd" listen="/l"\n}\n');
    expect(readCyrusConf(at('cyrus.conf')).services).toHaveLength(1);
    expect(() => readCyrusConf(at('missing'))).toThrow(ConfigError);
  });
});

describe('findConf', () => {
  it('takes the first that is there', () => {
    writeFileSync(at('b'), '');
    expect(findConf([at('a'), at('b'), at('c')])).toBe(at('b'));
    expect(findConf([at('a')])).toBeUndefined();
  });
});
