import { describe, expect, test } from 'vitest';
import { askSendmail } from '../../../src/doctor/ask-sendmail.js';
import { parseVerified } from '../../../src/doctor/sendmail-verify.js';
import { pictureOf } from './good-host.js';

describe('what sendmail -bv says', () => {
  test.each([
    [
      'a@b... deliverable: mailer cyrusv2d, host dummy, user a@b',
      { kind: 'mailer', mailer: 'cyrusv2d', user: 'a@b' },
    ],
    ['a@b... deliverable: mailer local, user root', { kind: 'mailer', mailer: 'local', user: 'root' }],
    [
      'a@b... aliased to c\na@b... deliverable: mailer local, user c',
      { kind: 'mailer', mailer: 'local', user: 'c' },
    ],
    ['a@b... User unknown', { kind: 'unknown' }],
    [
      'socket map "cyrus": /s: No such file\na@b... deliverable: mailer *error*, host 4.3.0, user "451 Later."',
      { kind: 'deferred', said: 'socket map "cyrus": /s: No such file' },
    ],
    ['a@b... deliverable: mailer *error*, host 5.1.1, user "550 User unknown"', { kind: 'unknown' }],
  ])('%j', (output, verified) => {
    expect(parseVerified(output, ['a@b']).verified.get('a@b')).toEqual(verified);
  });

  test('is why it does not start', () => {
    const output =
      "/etc/mail/sendmail.cf: line 2041: fileclass: cannot open '/etc/mail/nowhere': No such file or directory\n";
    expect(parseVerified(output, ['a@b'])).toEqual({ verified: new Map(), broken: output.trim() });
  });

  test('is asked for with the sendmail.cf that was read, and for nobody only where that is allowed', async () => {
    const { sendmail } = pictureOf({});
    if (sendmail === undefined) throw new Error('no sendmail');
    const asked: (readonly string[])[] = [];
    const run = (program: string, args: readonly string[]) => {
      asked.push([program, ...args]);
      return Promise.resolve({ status: 0, output: '', errors: 'a strange word\n' });
    };
    const unseen: { what: string; why: string }[] = [];
    await askSendmail(sendmail, 'a@example.jp', undefined, run, unseen);
    await askSendmail(sendmail, 'a@example.jp', 'example.jp', run, unseen);
    expect(await askSendmail(sendmail, undefined, undefined, run, unseen)).toBeUndefined();
    const call = ['/usr/local/sbin/sendmail', '-C', '/etc/mail/sendmail.cf', '-bv', 'a@example.jp'];
    expect(asked).toEqual([call, [...call, 'cyrusmapd-doctor-nobody@example.jp']]);
    expect(unseen[0]).toEqual({ what: '/usr/local/sbin/sendmail -bv', why: 'a strange word' });
  });
});
