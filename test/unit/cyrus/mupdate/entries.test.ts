import { describe, expect, test } from 'vitest';
import { Entries, MURDER_SERVERS_MAX } from '../../../../src/cyrus/mupdate/entries.js';
import type { MupdateEntry } from '../../../../src/cyrus/mupdate/response.js';
import { ConfigError, ProtocolError } from '../../../../src/errors.js';

function mailbox(name: string, location = 'b1.example.jp!default'): MupdateEntry {
  return { kind: 'mailbox', tag: 'C2', name, location };
}
function reserve(name: string, location = 'b1.example.jp!default'): MupdateEntry {
  return { kind: 'reserve', tag: 'C2', name, location };
}
function gone(name: string): MupdateEntry {
  return { kind: 'delete', tag: 'C2', name };
}
function entries(max = 1_000, met: (server: string) => void = () => undefined): Entries {
  return new Entries(max, met);
}

describe('the list of a mupdate master', () => {
  test('says on which server a mailbox is, and follows it', () => {
    const list = entries();
    const name = 'example.jp!user.first^last';
    expect(list.find(name)).toEqual({ kind: 'absent' });
    list.take(mailbox(name));
    expect(list.find(name)).toEqual({ kind: 'on', server: 'b1.example.jp' });
    list.take(reserve(name));
    expect(list.find(name)).toEqual({ kind: 'unsettled' });
    list.take(mailbox(name, 'B2.example.jp:2004!ssd'));
    expect(list.find(name)).toEqual({ kind: 'on', server: 'b2.example.jp:2004' });
    list.take(gone(name));
    expect(list.find(name)).toEqual({ kind: 'absent' });
  });

  test('counts who is where', () => {
    const list = entries();
    for (const name of ['user.a', 'user.b', 'user.c', 'user.d']) list.take(mailbox(name));
    list.take(mailbox('user.b', 'b2!default'));
    list.take(mailbox('user.b', 'b2!default'));
    list.take(reserve('user.c'));
    list.take(gone('user.d'));
    list.take(gone('user.never'));
    expect([list.mailboxes, list.on('b1.example.jp'), list.on('b2'), list.on('b3')]).toEqual([2, 1, 1, 0]);
  });

  test('takes an entry without a partition for one that is neither there nor gone', () => {
    const list = entries();
    list.take(mailbox('user.a', 'b1.example.jp!'));
    expect(list.find('user.a')).toEqual({ kind: 'unsettled' });
  });

  test('reads over what is no INBOX of a user, deleted ones among them', () => {
    const list = entries();
    const names = [
      'user.a.Trash',
      'example.jp!user.a.Trash',
      'DELETED.user.robert.6B0A6C6E',
      'example.jp!DELETED.user.robert.6B0A6C6E',
      'example.jp!shared.info',
      'shared',
      'user',
      'user.',
      'example.jp!user.',
      'users.a',
      '',
    ];
    for (const name of names) {
      expect(list.take(mailbox(name))).toBe(false);
      expect(list.find(name)).toEqual({ kind: 'absent' });
    }
    expect(list.mailboxes).toBe(0);
  });

  test('tells each server once, as it is named first', () => {
    const met: string[] = [];
    const list = entries(1_000, (server) => met.push(server));
    for (const server of ['b1', 'b2', 'B1', 'b3']) list.take(mailbox(`user.${server}`, `${server}!default`));
    expect(met).toEqual(['b1', 'b2', 'b3']);
  });

  test('takes so many users and no more, of whom those that are gone do not count', () => {
    const list = entries(2);
    list.take(mailbox('user.a'));
    list.take(mailbox('user.b'));
    list.take(gone('user.a'));
    list.take(mailbox('user.c'));
    list.take(mailbox('user.c', 'b2!default'));
    expect(() => list.take(reserve('user.d'))).toThrow(ConfigError);
  });

  test('takes so many servers and no more', () => {
    const list = entries();
    for (let i = 0; i < MURDER_SERVERS_MAX; i++) list.take(mailbox(`user.${i}`, `b${i}!default`));
    expect(list.find('user.253')).toEqual({ kind: 'on', server: 'b253' });
    expect(() => list.take(mailbox('user.x', 'one-more!default'))).toThrow(ProtocolError);
  });

  test.each(['b1', '!default', ''])('takes no location such as %j', (location) => {
    expect(() => entries().take(mailbox('user.a', location))).toThrow(ProtocolError);
  });

  test('is to be had anew where most of it is gone', () => {
    const list = entries(1_000_000);
    for (let i = 0; i < 150_000; i++) list.take(mailbox(`user.u${i}`));
    expect(list.wasteful).toBe(false);
    for (let i = 0; i < 100_001; i++) list.take(gone(`user.u${i}`));
    expect(list.wasteful).toBe(true);
  });
});

describe('a list of many', () => {
  test('finds each of 300 000, and nobody else, in less than 60 bytes each', () => {
    const list = entries(1_000_000);
    const count = 300_000;
    for (let i = 0; i < count; i++)
      list.take(mailbox(`example${i % 7}.jp!user.someone${i}`, `b${i % 3}!default`));
    expect(list.mailboxes).toBe(count);
    for (let i = 0; i < count; i += 101) {
      expect(list.find(`example${i % 7}.jp!user.someone${i}`)).toEqual({ kind: 'on', server: `b${i % 3}` });
      expect(list.find(`example${(i + 1) % 7}.jp!user.someone${i}`).kind).toBe('absent');
    }
    expect(list.bytes / count).toBeLessThan(60);
  });
});
