// The policy service of a daemon that decides by a list, as Postfix talks to it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LmtpServer, REPLIES } from '../fakes/lmtp-server.js';
import { run, Serving } from './cyrusmapd-process.js';

let folder: string;
let serving: Serving | undefined;
let socket: Socket | undefined;
let received = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-policy-'));
  writeFileSync(join(folder, 'list'), 'alice@example.jp\n');
  received = '';
});
afterEach(async () => {
  socket?.destroy();
  await serving?.stop();
  serving = undefined;
  rmSync(folder, { recursive: true });
});

function config(more = '', domains = '"example.jp" = "names"'): string {
  const file = join(folder, 'cyrusmapd.toml');
  writeFileSync(
    file,
    `
    [socketmap]
    listen = ["unix:${folder}/socketmap"]
    [policy]
    listen = ["unix:${folder}/policy"]
    ${more}
    [backchannel.names]
    type = "list"
    file = "${folder}/list"
    [domains]
    ${domains}
    `,
  );
  return file;
}

async function serve(more?: string): Promise<Socket> {
  serving = new Serving(['--config', config(more)]);
  expect(await serving.endpoint(2)).toBe(`unix:${folder}/policy`);
  const made = connect(`${folder}/policy`);
  made.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket = made;
  return made;
}

const request = (recipient: string, stage = 'RCPT'): string =>
  [
    'request=smtpd_access_policy',
    `protocol_state=${stage}`,
    'protocol_name=ESMTP',
    'client_address=192.0.2.1',
    'sender=someone@elsewhere.test',
    `recipient=${recipient}`,
    'size=0',
    '',
    '',
  ].join('\n');

async function replies(count: number): Promise<string[]> {
  const all = () => received.split('\n\n').slice(0, -1);
  await expect.poll(() => all().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
  return all();
}

describe('the policy service', () => {
  test('answers at RCPT and at the end of a message, one request after the other and in order', async () => {
    const postfix = await serve();
    postfix.write(request('alice@example.jp') + request('nobody@example.jp') + request('Alice+x@EXAMPLE.jp'));
    postfix.write(request('nobody@example.jp', 'END-OF-MESSAGE') + request('', 'END-OF-MESSAGE'));
    expect(await replies(5)).toEqual([
      'action=DUNNO',
      'action=550 5.1.1 User unknown',
      'action=DUNNO',
      'action=550 5.1.1 User unknown',
      'action=DUNNO',
    ]);
  });

  test('leaves other stages, other domains and bare names to Postfix', async () => {
    const postfix = await serve();
    for (const stage of ['CONNECT', 'EHLO', 'MAIL', 'DATA', 'VRFY', ''])
      postfix.write(request('nobody@example.jp', stage));
    postfix.write(request('nobody@elsewhere.test') + request('nobody'));
    expect(await replies(8)).toEqual(Array.from({ length: 8 }, () => 'action=DUNNO'));
  });

  test('answers in the words of the configuration, anew after a reload', async () => {
    const postfix = await serve('unknown = "550 5.1.1 Nobody here"');
    postfix.write(request('nobody@example.jp'));
    expect(await replies(1)).toEqual(['action=550 5.1.1 Nobody here']);
    config('unknown = "450 4.1.1 Not yet"');
    serving?.child.kill('SIGHUP');
    await serving?.said('reloaded');
    postfix.write(request('nobody@example.jp'));
    expect((await replies(2))[1]).toBe('action=450 4.1.1 Not yet');
  });

  test('has other words for a domain that has its own, anew after a reload, and check tells them', async () => {
    const own = (text: string) => `[domain."example.jp"]\npolicy_unknown = "${text}"\n`;
    const postfix = await serve(own('550 5.1.1 Not at Example'));
    postfix.write(request('nobody@example.jp'));
    expect(await replies(1)).toEqual(['action=550 5.1.1 Not at Example']);
    const file = config(own('450 4.1.1 Not yet at Example'));
    serving?.child.kill('SIGHUP');
    expect(await serving?.said('reloaded')).toMatchObject({ changed: ['domain'] });
    postfix.write(request('nobody@example.jp'));
    expect((await replies(2))[1]).toBe('action=450 4.1.1 Not yet at Example');
    const { stdout } = await run('check', 'nobody@example.jp', '--config', file);
    expect(stdout).toContain('policy     450 4.1.1 Not yet at Example\n');
  });

  test('defers what cannot be known', async () => {
    writeFileSync(join(folder, 'list'), '');
    const postfix = await serve();
    postfix.write(request('alice@example.jp'));
    expect(await replies(1)).toEqual(['action=451 4.3.0 Mailbox cannot be verified now, try again later']);
  });

  test.each([
    ['something else', 'GET / HTTP/1.0\n\n'],
    ['a request that is too long', `recipient=${'a'.repeat(20_000)}`],
  ])('defers %s, and ends the connection', async (_, text) => {
    const postfix = await serve();
    const ended = new Promise((resolve) => postfix.once('end', resolve));
    postfix.write(text);
    expect(await replies(1)).toEqual(['action=DEFER_IF_PERMIT 4.3.5 Policy request not understood']);
    await ended;
    expect(await serving?.said('closed')).toMatchObject({ reason: 'protocolError' });
  });

  test('counts, and stands in the log as the map policy', async () => {
    const postfix = await serve();
    postfix.write(request('nobody@example.jp'));
    await replies(1);
    expect(await serving?.said('notfound')).toMatchObject({ map: 'policy', key: 'nobody@example.jp' });
    await serving?.stop();
    expect(await serving?.said('stats')).toMatchObject({ policy: { requests: 1, replies: { NOTFOUND: 1 } } });
  });
});

describe('a message that is to come', () => {
  let lmtpd: LmtpServer;
  let sizes: string[] = [];

  beforeEach(async () => {
    lmtpd = await LmtpServer.listen(join(folder, 'lmtp'));
    for (const local of ['alice', 'canary']) lmtpd.mailboxes.set(`${local}@example.jp`, REPLIES.deliverable);
    sizes = [];
    let bytes = 0;
    lmtpd.override = (command) => {
      const size = /^MAIL FROM:<> SIZE=(\d+)$/.exec(command)?.[1];
      if (size !== undefined) sizes.push(size);
      if (command.startsWith('MAIL ')) bytes = Number(size ?? 0);
      return command.startsWith('RCPT TO:<alice') && bytes > 1000 ? REPLIES.overquota : undefined;
    };
  });
  afterEach(() => lmtpd.stop());

  function strictConfig(strict: boolean, more = ''): string {
    const file = join(folder, 'cyrusmapd.toml');
    writeFileSync(
      file,
      `
      [socketmap]
      listen = ["unix:${folder}/socketmap"]
      [policy]
      listen = ["unix:${folder}/policy"]
      [backchannel.cyrus]
      type = "lmtp"
      endpoint = "${lmtpd.endpoint}"
      canary = "canary@example.jp"
      strict_quota = ${strict}
      [cache]
      known_ttl = "1h"
      [cyrus]
      imapd_conf = ""
      [domains]
      "example.jp" = "cyrus"
      ${more}
      `,
    );
    return file;
  }

  async function serveStrict(strict: boolean, more?: string): Promise<Socket> {
    serving = new Serving(['--config', strictConfig(strict, more)]);
    await serving.endpoint(2);
    const made = connect(`${folder}/policy`);
    made.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    socket = made;
    return made;
  }

  const sized = (size: number, recipient = 'alice@example.jp', stage = 'RCPT'): string =>
    request(recipient, stage).replace('size=0', `size=${size}`);

  test('is deferred where it does not fit, at both stages, and says nothing of the next one', async () => {
    const postfix = await serveStrict(true);
    postfix.write(
      sized(1000) + sized(1001) + sized(0) + sized(1001, 'alice@example.jp', 'END-OF-MESSAGE') + sized(1),
    );
    expect(await replies(5)).toEqual([
      'action=DUNNO',
      'action=452 4.2.2 Mailbox full',
      'action=DUNNO',
      'action=452 4.2.2 Mailbox full',
      'action=DUNNO',
    ]);
    expect(await serving?.said('overquota')).toMatchObject({
      map: 'policy',
      key: 'alice@example.jp',
      source: 'probe',
      code: '452',
      messageBytes: 1001,
    });
  });

  test('is asked about each time, and the mailbox itself is answered from the cache', async () => {
    const postfix = await serveStrict(true);
    for (let i = 1; i <= 3; i++) {
      postfix.write(sized(i) + sized(0));
      await replies(i * 2);
    }
    expect(sizes).toEqual(['1', '2', '3']);
    const plain = lmtpd.commands.join('\n').match(/MAIL FROM:<>\nRCPT TO:<alice@example\.jp>/g);
    expect(plain).toHaveLength(1);
  });

  test('is refused in the words of its domain', async () => {
    const postfix = await serveStrict(
      true,
      '[domain."example.jp"]\npolicy_over_quota = "552 5.2.2 No room"\n',
    );
    postfix.write(sized(1001));
    expect(await replies(1)).toEqual(['action=552 5.2.2 No room']);
  });

  test('counts for nothing where Cyrus does not count it: nobody is asked', async () => {
    const postfix = await serveStrict(false);
    postfix.write(sized(1001) + sized(1001));
    expect(await replies(2)).toEqual(['action=DUNNO', 'action=DUNNO']);
    expect(sizes).toEqual([]);
  });

  test('is let through while lmtpd is away', async () => {
    const postfix = await serveStrict(true);
    postfix.write(sized(1000));
    expect(await replies(1)).toEqual(['action=DUNNO']);
    await lmtpd.stop();
    postfix.write(sized(1001));
    expect((await replies(2))[1]).toBe('action=DUNNO');
  });
});

describe('a configuration of the policy service', () => {
  test.each([
    ['without domains', '', '"*" = "names"', 'policy.listen must have [domains], without "*"'],
    ['that refuses what is not known', 'deferred = "550 5.1.1 no"', undefined, 'policy.deferred is'],
    ['with an action that is none', 'unknown = "HOLD"', undefined, 'policy.unknown is "HOLD"'],
    ['with a line break', 'unknown = "550 5.1.1 a\\nb"', undefined, 'policy.unknown is'],
  ])('%s is told of', async (_, more, domains, said) => {
    const { status, stderr } = await run('config', '--check', '--config', config(more, domains));
    expect(stderr).toContain(said);
    expect(status).toBe(78);
  });
});
