import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { groupId, userId } from '../../../src/net/accounts.js';

const PASSWD = `# $FreeBSD$
#
root:*:0:0:Charlie &:/root:/bin/csh
toor:*:0:0:Bourne-again Superuser:/root:
smmsp:*:25:25:Sendmail Submission User:/var/spool/clientmqueue:/usr/sbin/nologin
cyrus:*:60:60:the cyrus mail server:/nonexistent:/usr/sbin/nologin
+:::::
broken:*:none
`;
const GROUP = 'wheel:*:0:root\nmail:*:6:postfix,cyrus\ncyrus:*:61:\n';

describe('userId and groupId', () => {
  let folder = '';
  let passwd = '';
  let group = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'accounts-'));
    passwd = join(folder, 'passwd');
    group = join(folder, 'group');
    writeFileSync(passwd, PASSWD);
    writeFileSync(group, GROUP);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('find a name', () => {
    expect(userId('cyrus', 'events', passwd)).toBe(60);
    expect(groupId('cyrus', 'events', group)).toBe(61);
    expect(groupId('mail', 'events', group)).toBe(6);
  });

  test('take a number as it is', () => {
    expect(userId('1234', 'events', passwd)).toBe(1234);
    expect(groupId('0', 'events', group)).toBe(0);
  });

  test.each(['nobdy', '', 'cyru', '#', '+', 'broken'])('refuse %j, which is none', (name) => {
    expect(() => userId(name, 'events', passwd)).toThrow(ConfigError);
    expect(() => userId(name, 'events', passwd)).toThrow(
      `events.socket_owner is ${JSON.stringify(name)}: no such user in ${passwd}`,
    );
  });

  test('name the file that cannot be read', () => {
    expect(() => groupId('mail', 'events', join(folder, 'none'))).toThrow(
      /socket_group is "mail": ENOENT.*none/,
    );
  });

  test('find root on this machine', () => {
    expect(userId('root', 'events')).toBe(0);
  });
});
