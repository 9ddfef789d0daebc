// The control socket: what it tells and what it changes, and that nobody who abuses it harms the lookups.
import { statSync, writeFileSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { AdminRig } from './admin-rig.js';
import { run } from './cyrusmapd-process.js';
import { afterwards } from './socketmap-rig.js';

describe('the control socket', () => {
  test('is a file that its owner and group alone may open, and is gone with the daemon', async () => {
    const rig = await AdminRig.start();
    expect(statSync(rig.control).mode & 0o777).toBe(0o660);
    await rig.daemon.stop();
    expect(() => statSync(rig.control)).toThrow('ENOENT');
  });

  test('explains a refusal with the words of Cyrus and of the witness', async () => {
    const rig = await AdminRig.start();
    await rig.lookup('nobody@example.jp');
    expect(await rig.json('GET', '/explain?key=nobody@example.jp')).toMatchObject({
      key: 'nobody@example.jp',
      recipient: { mailbox: 'nobody@example.jp' },
      backchannel: 'cyrus',
      decisions: [
        {
          reply: 'NOTFOUND',
          verdict: 'unknown',
          source: 'probe',
          connection: 1,
          backchannel: 'cyrus',
          code: '550',
          enhanced: '5.1.1',
          said: 'User unknown',
          witness: 'alice@example.jp',
          witnessSaid: 'deliverable',
        },
      ],
    });
  });

  test('asks Cyrus beside the cache, if wanted', async () => {
    const rig = await AdminRig.start();
    await rig.lookup('alice@example.jp');
    rig.lmtpd.mailboxes.delete('alice@example.jp');
    expect(await rig.json('GET', '/explain?key=alice@example.jp')).toMatchObject({
      proof: { words: 'age alone: nothing tells of a change, and no "no" is remembered' },
      remembered: { state: 'confirmed', believed: true, by: 'cyrus' },
      answer: 'OK alice@example.jp (deliverable, known)',
    });
    expect(await rig.json('GET', '/explain?ask=1&key=alice@example.jp')).toMatchObject({
      remembered: { state: 'confirmed' },
      asked: { reply: 'TEMP', verdict: 'deferred', witness: 'alice@example.jp' },
    });
    expect(await rig.lookup('alice@example.jp')).toEqual(['OK']);
  });

  test('tells by which rule a key names no mailbox', async () => {
    const rig = await AdminRig.start();
    await rig.lookup('caf\xe9@example.jp');
    expect(await rig.json('GET', '/explain?key=caf%C3%A9@example.jp')).toMatchObject({
      key: 'café@example.jp',
      rule: '8-bit character',
      backchannel: 'nobody: the key names no mailbox',
    });
    expect(await rig.json('GET', '/explain?key=x@elsewhere.example')).toMatchObject({
      backchannel: 'nobody: no back-channel serves the domain',
    });
  });

  test('forgets a recipient, a domain, what was denied, or everything', async () => {
    const rig = await AdminRig.start();
    await rig.lookup('alice@example.jp', 'nobody@example.jp');
    expect(await rig.json('POST', '/flush?key=Alice@example.jp')).toEqual({ forgotten: 1 });
    expect(await dumped(rig)).toEqual([]);
    await rig.lookup('alice@example.jp');
    expect(await dumped(rig)).toEqual(['alice@example.jp']);
    expect(await rig.json('POST', '/flush?domain=elsewhere.example')).toEqual({ forgotten: 0 });
    expect(await rig.json('POST', '/flush?domain=EXAMPLE.jp')).toEqual({ forgotten: 2 });
    await rig.lookup('alice@example.jp');
    expect(await rig.json('POST', '/flush?negative=1')).toMatchObject({});
    expect(await rig.json('POST', '/flush?all=1')).toEqual({ forgotten: 1 });
    expect(await dumped(rig)).toEqual([]);
  });

  test('follows decisions as they are made, as many as are wanted', async () => {
    const rig = await AdminRig.start();
    const socket = connect({ path: rig.control });
    socket.write('GET /tail?verdict=NOTFOUND&domain=example.jp HTTP/1.1\r\nHost: x\r\n\r\n');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await once(socket, 'data');
    await rig.lookup('alice@example.jp', 'a b@example.jp', 'a b@elsewhere.example', 'nobody@example.jp');
    while (!text.includes('nobody@')) await once(socket, 'data');
    const keys = [...text.matchAll(/"key":"([^"]*)"/g)].map(([, key]) => key);
    expect(keys).toEqual(['a b@example.jp', 'nobody@example.jp']);
    socket.destroy();
  });

  test('says how many decisions a slow reader has missed, and waits for none', async () => {
    const rig = await AdminRig.start();
    const socket = connect({ path: rig.control });
    socket.write('GET /tail HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    socket.pause();
    const keys = Array.from({ length: 5_000 }, () => 'alice@example.jp');
    await rig.lookup(...keys);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.resume();
    const shown = (): number => [...text.matchAll(/"key":"alice@example.jp"/g)].length;
    const missed = (): number => Number(/"dropped":(\d+)/.exec(text)?.[1] ?? 0);
    await expect
      .poll(
        async () => {
          if (missed() === 0) keys.push(...(await rig.lookup('alice@example.jp')));
          return missed();
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
    await expect.poll(() => shown() + missed()).toBe(keys.length);
    socket.destroy();
  });

  test.each([
    ['GET', '/nothing', 404],
    ['GET', '/flush?all=1', 405],
    ['POST', '/stats', 405],
    ['POST', '/flush', 400],
    ['POST', '/flush?all=1&negative=1', 400],
    ['GET', '/explain', 400],
    ['GET', `/explain?key=${'x'.repeat(7000)}${'y'.repeat(800)}`, 200],
  ])('answers %s %s with %d', async (method, path, status) => {
    const rig = await AdminRig.start();
    expect((await rig.ask(method, path)).status).toBe(status);
  });
});

describe('whoever abuses the control socket', () => {
  test('sends ten thousand random requests: lookups are answered all the while', async () => {
    const rig = await AdminRig.start();
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const pieces = [
      'GET ',
      'POST ',
      '/flush?',
      '/explain?key=',
      '%00',
      ' HTTP/1.1',
      '\r\n',
      'Host: x',
      '\0',
      '\xff',
    ];
    const garbage = (): string =>
      Array.from({ length: 1 + random(12) }, () => pieces[random(pieces.length)] ?? '').join('') + '\r\n\r\n';
    for (let round = 0; round < 250; round++) {
      await Promise.all(Array.from({ length: 40 }, () => throwAt(rig.control, garbage())));
      if (round % 25 === 0) expect(await rig.lookup('alice@example.jp')).toEqual(['OK']);
    }
    expect((await rig.ask('GET', '/version')).status).toBe(200);
  });

  test('sends too much, or nothing at all: others are served beside', async () => {
    const rig = await AdminRig.start();
    const idle = Array.from({ length: 40 }, () => connect({ path: rig.control }));
    for (const socket of idle) socket.on('error', () => undefined);
    afterwards(() => {
      for (const socket of idle) socket.destroy();
    });
    await throwAt(rig.control, `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`);
    await throwAt(
      rig.control,
      `POST /flush?negative=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n`,
    );
    expect(await rig.lookup('alice@example.jp')).toEqual(['OK']);
    expect((await rig.ask('GET', '/stats')).status).toBe(200);
  });
});

describe('cyrusmapd reload', () => {
  test('says what was refused, and keeps the old configuration', async () => {
    const { Serving } = await import('./cyrusmapd-process.js');
    const rig = await AdminRig.start();
    await rig.daemon.stop();
    const serving = new Serving(['--config', rig.file]);
    afterwards(async () => void (await serving.stop('SIGKILL')));
    await serving.said('admin-listening', 2);
    const text = readFileSync(rig.file, 'utf8');
    writeFileSync(rig.file, text.replace('[domains]', '[domains]\n"*" = "nobody"'));
    const refused = await run('reload', '--control', `unix:${rig.control}`);
    expect(refused).toMatchObject({ status: 78, stdout: '' });
    expect(refused.stderr).toContain('nobody');
    expect(refused.stderr).toContain('the old configuration stays in force');

    writeFileSync(rig.file, text.replace('[admin]', '[admin]\ndecisions = 500\nharvest = 9'));
    expect(await run('reload', '--control', `unix:${rig.control}`)).toEqual({
      status: 0,
      stdout: `reloaded ${rig.file}: changed admin.decisions, admin.harvest\nneeds a restart: admin.decisions\n`,
      stderr: '',
    });
    expect(await serving.said('reloaded')).toMatchObject({ needRestart: ['admin.decisions'] });
    const version = await run('version', '--control', `unix:${rig.control}`);
    expect(version.stdout).toContain(`pid ${serving.child.pid ?? 0}, configuration ${rig.file}`);
    const stats = await run('stats', '--control', `unix:${rig.control}`);
    expect(stats.stdout).toContain('cyrus: untried');
    expect(await serving.stop()).toBe(0);
    expect(await run('stats', '--control', `unix:${rig.control}`)).toEqual({
      status: 69,
      stdout: '',
      stderr: `cyrusmapd: no daemon listens on unix:${rig.control}\n`,
    });
  });
});

async function dumped(rig: AdminRig): Promise<string[]> {
  const { body } = await rig.ask('GET', '/dump');
  const names = body.split('\n').filter((line) => line !== '');
  const known = names.map((line) => JSON.parse(line) as { mailbox: string; state: string });
  return known.filter(({ state }) => state === 'confirmed').map(({ mailbox }) => mailbox);
}

/** Resolves when the daemon has ended the connection. */
function throwAt(path: string, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.on('data', () => undefined);
    socket.end(bytes, 'latin1');
  });
}
