// The readers of other programs' files: what they take from real ones, and that no text and no bytes trouble them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLmdbData, parseLmdbLock } from '../../../src/cyrus/sasldb/lmdb.js';
import { parseCompiled, parseSendmailCf } from '../../../src/doctor/sendmail-cf.js';
import { findDomain, parseClassFile, parseTable } from '../../../src/doctor/sendmail-tables.js';

const MAGIC = 0xbeefc0de;
const PAGE = 4096;

describe('sendmail.cf', () => {
  const cf = parseSendmailCf(
    '/etc/mail/sendmail.cf',
    [
      '# Kcomment socket local:/nowhere',
      'Kcyrus socket -a<OK>',
      '\t-T<TMPF> local:/var/run/cyrusmapd/socketmap',
      'Kmailertable hash -o /etc/mail/mailertable',
      'Cwlocalhost mx.example.org',
      'Cw mail.example.org',
      'Fw/etc/mail/local-host-names',
      'F{VirtHost}-o /etc/mail/virtdomains',
      'F{Spaced} -o /etc/mail/spaced %[^\\#]',
      'O DontBlameSendmail=TrustStickyBit,GroupWritableDirPathSafe',
      'O Timeout.queuereturn=5d',
    ].join('\n'),
  );

  test('has maps with flags, over continued lines', () => {
    expect(cf.maps.get('cyrus')).toEqual({
      name: 'cyrus',
      type: 'socket',
      flags: ['-a<OK>', '-T<TMPF>'],
      rest: 'local:/var/run/cyrusmapd/socketmap',
      line: 2,
    });
    expect(cf.maps.get('mailertable')).toMatchObject({
      type: 'hash',
      rest: '/etc/mail/mailertable',
      line: 4,
    });
    expect(cf.maps.has('comment')).toBe(false);
  });

  test('has classes with their members and files', () => {
    expect(cf.classes.get('w')).toEqual({
      members: ['localhost', 'mx.example.org', 'mail.example.org'],
      files: ['/etc/mail/local-host-names'],
      required: [{ path: '/etc/mail/local-host-names', line: 7 }],
    });
    expect(cf.classes.get('VirtHost')?.required).toEqual([]);
    expect(cf.classes.get('VirtHost')?.files).toEqual(['/etc/mail/virtdomains']);
    expect(cf.classes.get('Spaced')?.files).toEqual(['/etc/mail/spaced']);
  });

  test('has DontBlameSendmail in lower case', () => {
    expect([...cf.dontBlame]).toEqual(['truststickybit', 'groupwritabledirpathsafe']);
  });

  test('has maps of lines with a K alone, whatever the text is', () => {
    const pieces = ['Kcyrus socket', '\tx', ' -o', 'K', 'C{', 'Fw', 'F{a}-o /x', '', 'O DontBlameSendmail'];
    const lines = fc.array(fc.constantFrom(...pieces)).map((each) => each.join('\n'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), lines), (text) => {
        for (const { line } of parseSendmailCf('/cf', text).maps.values()) {
          expect(text.split('\n')[line - 1]).toMatch(/^K/);
        }
      }),
    );
  });
});

describe('what sendmail was compiled with', () => {
  test('is read over its indented lines, whether the output goes on or not', () => {
    const listed = 'Version 8.17.1\n Compiled with: DNSMAP LOG\n\t\tMILTER SOCKETMAP\n\t\tXDEBUG\n';
    const words = new Set(['DNSMAP', 'LOG', 'MILTER', 'SOCKETMAP', 'XDEBUG']);
    expect(parseCompiled(listed)).toEqual(words);
    expect(parseCompiled(`${listed}\n==== SYSTEM IDENTITY ====\n\t\tNOT THIS\n`)).toEqual(words);
  });

  test('is not known from another program', () => {
    expect(parseCompiled('sendmail: fatal: unsupported: -d0.1\n')).toBeUndefined();
  });
});

describe('tables', () => {
  test('have folded keys, values with blanks, and lines', () => {
    expect(
      parseTable('# comment\nExample.JP\tmrs_cyrus_mailertable:\n\nspam.test  ERROR:550 no thanks \n'),
    ).toEqual([
      { key: 'example.jp', value: 'mrs_cyrus_mailertable:', line: 2 },
      { key: 'spam.test', value: 'ERROR:550 no thanks', line: 4 },
    ]);
  });

  test('of classes have a word a line', () => {
    expect(parseClassFile('example.jp\n# no\n Example.NET  # not this\n\n')).toEqual([
      'example.jp',
      'example.net',
    ]);
  });

  test.each([
    ['example.jp', 'exact'],
    ['a.example.jp', 'below'],
    ['b.a.example.jp', 'below'],
    ['a.sub.example.jp', 'nearer'],
    ['example.org', undefined],
    ['notexample.jp', undefined],
  ])('take %s to %s', (domain, value) => {
    const entries = parseTable('example.jp exact\n.example.jp below\n.sub.example.jp nearer\n');
    expect(findDomain(entries, domain)?.value).toBe(value);
  });

  test('find only what they hold, in any text for any domain', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, domain) => {
        const entries = parseTable(text);
        expect([undefined, ...entries]).toContain(findDomain(entries, domain));
      }),
    );
  });
});

describe('LMDB', () => {
  test('tells the size that is in use by its newest transaction', () => {
    expect(parseLmdbData(data([7, 1], [8, 9]))).toEqual({ mapBytes: 1_048_576, usedBytes: 9 * PAGE });
    expect(parseLmdbData(data([7, 12], [8, 9]))).toEqual({ mapBytes: 1_048_576, usedBytes: 8 * PAGE });
  });

  test('tells the reader slots and who holds them', () => {
    const lock = Buffer.alloc(128 + 4 * 64);
    lock.writeUInt32LE(MAGIC, 0);
    lock.writeInt32LE(4711, 128 + 8);
    lock.writeInt32LE(4712, 128 + 2 * 64 + 8);
    expect(parseLmdbLock(lock)).toEqual({ max: 4, holders: [4711, 4712] });
  });

  test('is not taken from another file', () => {
    expect(parseLmdbData(Buffer.from('a Berkeley DB file'))).toBeUndefined();
    expect(parseLmdbData(Buffer.alloc(2 * PAGE))).toBeUndefined();
    expect(parseLmdbLock(Buffer.alloc(8192))).toBeUndefined();
    expect(parseLmdbLock(Buffer.alloc(0))).toBeUndefined();
  });

  test('has no more holders than slots, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 600 }), (bytes) => {
        const lock = Buffer.from(bytes);
        lock.writeUInt32LE(MAGIC, 0);
        const readers = parseLmdbLock(lock);
        expect(readers?.holders.length ?? 0).toBeLessThanOrEqual(readers?.max ?? 0);
        expect(() => parseLmdbData(Buffer.from(bytes))).not.toThrow();
      }),
    );
  });
});

/** Two meta pages: last page and transaction of each. */
function data(...metas: readonly (readonly [lastPage: number, transaction: number])[]): Buffer {
  const head = Buffer.alloc(2 * PAGE);
  metas.forEach(([lastPage, transaction], i) => {
    const meta = i * PAGE + 16;
    head.writeUInt32LE(MAGIC, meta);
    head.writeBigUInt64LE(1_048_576n, meta + 16);
    head.writeUInt32LE(PAGE, meta + 24);
    head.writeBigUInt64LE(BigInt(lastPage), meta + 120);
    head.writeBigUInt64LE(BigInt(transaction), meta + 128);
  });
  return head;
}
