import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/net/endpoint.js';
import { SocketmapConnection } from '../../src/socketmap/client.js';
import { run, Serving } from './cyrusmapd-process.js';

let folder: string;
let list: string;
let config: string;
const started: Serving[] = [];
/** A start takes seconds where the machine is busy. */
const STARTED = { timeout: 20_000 };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyrusmapd-cli-'));
  list = join(folder, 'mailboxes');
  writeFileSync(list, '# a comment\nalice@example.jp\nbob@example.jp # another\n\n');
  config = join(folder, 'cyrusmapd.toml');
  writeConfig('');
});
afterEach(async () => {
  for (const serving of started.splice(0)) await serving.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function writeConfig(more: string): void {
  writeFileSync(
    config,
    `${more}
[socketmap]
listen = ["inet:0@127.0.0.1", "unix:${folder}/socketmap"]
[backchannel.names]
type = "list"
file = "${list}"
[domains]
"example.jp" = "names"
`,
  );
}

function serve(...args: string[]): Serving {
  const serving = new Serving(args);
  started.push(serving);
  return serving;
}

describe('cyrusmapd serve', () => {
  test('logs one line "listening" for each endpoint, and answers there', async () => {
    const serving = serve('--config', config);
    const endpoints = [await serving.endpoint(1), await serving.endpoint(2)];
    expect(endpoints[0]).toMatch(/^inet:[1-9]\d*@127\.0\.0\.1$/);
    expect(endpoints[1]).toBe(`unix:${folder}/socketmap`);
    for (const server of endpoints) {
      expect(await run('lookup', 'alice@example.jp', '--server', server)).toEqual({
        status: 0,
        stdout: 'OK alice@example.jp\n',
        stderr: '',
      });
    }
    expect(serving.lines.filter(({ event }) => event === 'listening')).toHaveLength(2);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with status 0 after %s', async (signal) => {
    const serving = serve('--list', list, '--listen', 'inet:0@127.0.0.1');
    await serving.endpoint();
    expect(await serving.stop(signal)).toBe(0);
    expect(serving.lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['draining', 'stopped']));
  });

  test('removes its UNIX socket when it ends', async () => {
    const serving = serve('--list', list, '--listen', `unix:${folder}/socketmap`);
    await serving.endpoint();
    expect(existsSync(`${folder}/socketmap`)).toBe(true);
    expect(await serving.stop()).toBe(0);
    expect(existsSync(`${folder}/socketmap`)).toBe(false);
  });

  test('ends with 78 and says why for a bad file', async () => {
    writeConfig('[lookup]\ndeadline = "40s"');
    expect(await run('serve', '--config', config)).toEqual({
      status: 78,
      stdout: '',
      stderr: `cyrusmapd: ${config}:2: lookup.deadline is "40s": must be from 100ms to 25s, Sendmail gives up at 30s\n`,
    });
  });

  test('ends with 78 where the list cannot be read', async () => {
    const { status, stderr } = await run('serve', '--list', `${folder}/none`, '--listen', 'inet:0@127.0.0.1');
    expect(status).toBe(78);
    expect(stderr).toContain(`${folder}/none`);
  });

  test('ends with 78 where the log cannot be opened', async () => {
    writeConfig(`[log]\nfile = "${folder}/none/log"`);
    const { status, stderr } = await run('serve', '--config', config);
    expect(status).toBe(78);
    expect(stderr).toContain(`log.file is "${folder}/none/log": ENOENT`);
  });

  test('ends with 69 where a listener cannot be opened', async () => {
    const occupied = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => occupied.once('listening', resolve));
    const endpoint = `inet:${(occupied.address() as AddressInfo).port}@127.0.0.1`;
    const { status, stderr } = await run('serve', '--list', list, '--listen', endpoint);
    occupied.close();
    expect(status).toBe(69);
    expect(stderr).toContain(endpoint);
  });

  test('ends with 64 for flags that it does not know', async () => {
    expect((await run('serve', '--lisen', 'unix:/x')).status).toBe(64);
    expect((await run('sreve')).status).toBe(64);
    expect((await run()).status).toBe(64);
  });

  test('takes several --listen and a --log-level', async () => {
    const serving = serve(
      '--list',
      list,
      '--listen',
      'inet:0@127.0.0.1',
      '--listen',
      'inet:0@127.0.0.1',
      '--log-level',
      'debug',
    );
    const [first, second] = [await serving.endpoint(1), await serving.endpoint(2)];
    expect(first).not.toBe(second);
    await run('lookup', 'bob@example.jp', '--server', second);
    expect(await serving.said('found')).toMatchObject({
      level: 'debug',
      map: 'cyrus',
      key: 'bob@example.jp',
    });
  });

  test('reads its list again at SIGHUP', async () => {
    const serving = serve('--list', list, '--listen', 'inet:0@127.0.0.1');
    const server = await serving.endpoint();
    expect((await run('lookup', 'new@example.jp', '--server', server)).status).toBe(1);
    appendFileSync(list, 'new@example.jp\n');
    serving.child.kill('SIGHUP');
    await serving.said('reloaded');
    expect((await run('lookup', 'new@example.jp', '--server', server)).status).toBe(0);
  });

  test('refuses a bad file at SIGHUP with a clear line, and the old one stays in force', async () => {
    const serving = serve('--config', config);
    const server = await serving.endpoint();
    writeConfig('[lookup]\ndeadline = "40s"\nover_quota = "perm"');
    serving.child.kill('SIGHUP');
    expect(await serving.said('reload-refused')).toMatchObject({
      level: 'error',
      reason:
        `${config}:2: lookup.deadline is "40s": must be from 100ms to 25s, Sendmail gives up at 30s; ` +
        `${config}:3: lookup.over_quota is "perm": must be "temp", "ok" or "reject"`,
    });
    expect((await run('lookup', 'alice@example.jp', '--server', server)).status).toBe(0);
    rmSync(list);
    writeConfig('');
    serving.child.kill('SIGHUP');
    expect(await serving.said('reload-refused', 2)).toMatchObject({ reason: expect.stringContaining(list) });
    expect((await run('lookup', 'alice@example.jp', '--server', server)).status).toBe(0);
    expect(await serving.stop()).toBe(0);
  });

  test('opens its log file anew at SIGHUP, also where the file is refused', async () => {
    const log = join(folder, 'cyrusmapd.log');
    writeConfig(`[log]\nfile = "${log}"`);
    const serving = serve('--config', config);
    await expect.poll(() => existsSync(log) && readFileSync(log, 'utf8'), STARTED).toContain('listening');
    renameSync(log, `${log}.0`);
    writeFileSync(config, 'bad');
    serving.child.kill('SIGHUP');
    await expect
      .poll(() => existsSync(log) && readFileSync(log, 'utf8'), STARTED)
      .toContain('reload-refused');
    expect(await serving.stop()).toBe(0);
    expect(readFileSync(log, 'utf8')).toContain('stopped');
    expect(readFileSync(`${log}.0`, 'utf8')).not.toContain('stopped');
    expect(serving.stderr).toBe('');
  });

  test.runIf(existsSync('/dev/full'))(
    'says on standard error that its log is lost, once, and goes on even where nobody reads that',
    async () => {
      writeConfig('[log]\nfile = "/dev/full"');
      const serving = serve('--config', config);
      const server = `unix:${folder}/socketmap`;
      await expect
        .poll(() => serving.stderr, STARTED)
        .toContain('cyrusmapd: /dev/full: log lines are lost: ENOSPC');
      await expect.poll(() => existsSync(`${folder}/socketmap`), STARTED).toBe(true);
      expect((await run('lookup', 'one@example.jp', '--server', server)).status).toBe(1);
      serving.child.stderr?.destroy();
      writeConfig(`[log]\nfile = "${folder}/none/log"`);
      for (const key of ['two', 'three']) {
        serving.child.kill('SIGHUP');
        expect((await run('lookup', `${key}@example.jp`, '--server', server)).status).toBe(1);
      }
      expect(serving.stderr.match(/log lines are lost/g)).toHaveLength(1);
      expect(await serving.stop()).toBe(0);
    },
  );

  test('does not open a debugger at SIGUSR1', async () => {
    const serving = serve('--list', list, '--listen', 'inet:0@127.0.0.1');
    const server = await serving.endpoint();
    serving.child.kill('SIGUSR1');
    expect((await run('lookup', 'alice@example.jp', '--server', server)).status).toBe(0);
    expect(serving.stderr).not.toContain('Debugger');
    expect(await serving.stop()).toBe(0);
  });

  test('goes on answering, and ends with 0, where nobody reads its log', async () => {
    const serving = serve('--list', list, '--listen', 'inet:0@127.0.0.1');
    const server = await serving.endpoint();
    serving.child.stderr?.pause();
    const client = await SocketmapConnection.connect(parseEndpoint(server));
    // Not all at once, since on a busy machine the last of them would be deferred.
    for (let from = 0; from < 20_000; from += 500) {
      const keys = Array.from({ length: 500 }, (_, i) => `unknown${from + i}@example.jp`);
      const replies = await Promise.all(keys.map((key) => client.lookup('cyrus', key)));
      expect(replies.every(({ status }) => status === 'NOTFOUND')).toBe(true);
    }
    client.close();
    const exited = new Promise((resolve) => serving.child.once('exit', resolve));
    serving.child.kill('SIGTERM');
    expect(await exited).toBe(0);
    serving.child.stderr?.resume();
    await serving.ended;
    expect(serving.lines.length, 'lines were dropped').toBeLessThan(20_000);
  });

  test('goes on answering, and ends with 0, where the reader of its log is gone', async () => {
    const serving = serve('--list', list, '--listen', 'inet:0@127.0.0.1');
    const server = await serving.endpoint();
    serving.child.stderr?.destroy();
    for (const key of ['one', 'two', 'three']) {
      expect((await run('lookup', `${key}@example.jp`, '--server', server)).status).toBe(1);
    }
    expect(await serving.stop()).toBe(0);
  });
});

describe('cyrusmapd serve at its end', () => {
  test('drains at the first signal also while it is starting', async () => {
    const serving = serve('--list', list, '--listen', 'inet:0@127.0.0.1');
    await serving.said('starting');
    expect(await serving.stop()).toBe(0);
  });

  test('answers what is in flight, then ends', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const lmtp = `inet:${(silent.address() as AddressInfo).port}@127.0.0.1`;
    const serving = serve('--lmtp', lmtp, '--listen', 'inet:0@127.0.0.1');
    const client = await SocketmapConnection.connect(parseEndpoint(await serving.endpoint()));
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    const reply = client.lookup('cyrus', 'alice@example.jp');
    await connected;
    serving.child.kill('SIGTERM');
    expect(await reply).toMatchObject({ status: 'TEMP' });
    expect(await serving.ended).toBe(0);
    client.close();
    silent.close();
  });

  test('takes one Ctrl-C that comes twice, as under npm, for one', async () => {
    const serving = serve('--list', list, '--listen', 'inet:0@127.0.0.1');
    await serving.endpoint();
    serving.child.kill('SIGINT');
    serving.child.kill('SIGINT');
    expect(await serving.ended).toBe(0);
  });

  test('ends at once at the second signal', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const lmtp = `inet:${(silent.address() as AddressInfo).port}@127.0.0.1`;
    const serving = serve('--lmtp', lmtp, '--listen', 'inet:0@127.0.0.1');
    const client = await SocketmapConnection.connect(parseEndpoint(await serving.endpoint()));
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    const reply = client.lookup('cyrus', 'alice@example.jp');
    const refused = expect(reply).rejects.toThrow('closed the connection');
    await connected;
    const insisting = setInterval(() => serving.child.kill('SIGTERM'), 20);
    const status = await serving.ended;
    clearInterval(insisting);
    expect(serving.lines.map(({ event }) => event)).toContain('draining');
    expect(serving.lines.map(({ event }) => event)).not.toContain('stopped');
    expect(status).toBe(143);
    await refused;
    silent.close();
  });

  test.each([
    ['exception', "throw new Error('planted')"],
    ['rejection', "void Promise.reject(new Error('planted'))"],
  ])('ends with 70 and a fatal line at an %s that nobody caught', async (_, statement) => {
    const planted = join(folder, 'fault.mjs');
    writeFileSync(planted, `process.once('SIGUSR2', () => { ${statement}; });`);
    const env = { ...process.env, NODE_OPTIONS: `--import ${planted}` };
    const serving = new Serving(['--list', list, '--listen', 'inet:0@127.0.0.1'], env);
    started.push(serving);
    await serving.endpoint();
    serving.child.kill('SIGUSR2');
    expect(await serving.said('fault')).toMatchObject({ level: 'fatal', reason: 'planted' });
    expect(await serving.ended).toBe(70);
  });
});

describe('cyrusmapd serve --demo', () => {
  test('says where it listens and what to try next, and serves example.jp alone', async () => {
    const serving = serve('--demo', '--listen', 'inet:0@127.0.0.1');
    const server = await serving.endpoint();
    const text = await serving.printed('Ctrl-C');
    expect(text).toContain(`  ${server}\n`);
    const tried = [...text.matchAll(/npx cyrusmapd lookup (\S+) --server (\S+)/g)];
    expect(tried.map(([, key, endpoint]) => [key, endpoint])).toEqual([
      ['alice@example.jp', server],
      ['nobody@example.jp', server],
    ]);
    expect((await run('lookup', 'alice@example.jp', '--server', server)).stdout).toBe(
      'OK alice@example.jp\n',
    );
    expect((await run('lookup', 'nobody@example.jp', '--server', server)).status).toBe(1);
    expect((await run('lookup', 'alice@example.net', '--server', server)).status).toBe(75);
    expect((await run('lookup', 'alice', '--server', server)).status).toBe(75);
    expect(await serving.stop('SIGINT')).toBe(0);
  });

  test('listens at its usual places, or says which of them is taken', async () => {
    const serving = serve('--demo');
    const taken = await Promise.race([serving.ended, serving.printed('Ctrl-C')]).catch(() => serving.ended);
    if (taken === 69) {
      expect(serving.stderr).toContain('inet:7860@127.0.0.1');
      return;
    }
    expect(await serving.endpoint(1)).toBe('inet:7860@127.0.0.1');
    const server = await serving.endpoint(2);
    const path = server.replace(/^unix:/, '');
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect((await run('lookup', 'alice@example.jp', '--server', server)).status).toBe(0);
    expect((await run('lookup', 'alice@example.jp', '--demo')).status).toBe(0);
    expect(await serving.stop()).toBe(0);
    expect(existsSync(dirname(path))).toBe(false);
  });
});

describe('cyrusmapd lookup', () => {
  test.each([
    ['OK x', 0],
    ['NOTFOUND Mailbox does not exist', 1],
    ['NOTFOUND ', 1],
    ['TEMP later', 75],
    ['TIMEOUT later', 75],
    ['PERM no', 76],
    ['SORRY no', 76],
    ['OK ', 76],
  ])('of a daemon that replies %j ends with %d', async (reply, status) => {
    const fake = createServer((socket) =>
      socket.once('data', () => socket.end(`${Buffer.byteLength(reply)}:${reply},`)),
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => fake.once('listening', resolve));
    const result = await run(
      'lookup',
      'x',
      '--server',
      `inet:${(fake.address() as AddressInfo).port}@127.0.0.1`,
    );
    fake.close();
    expect(result.status).toBe(status);
    if (status !== 76 || reply.startsWith('PERM')) expect(result.stdout).toBe(`${reply}\n`);
    else expect(result.stderr).toContain('broke the protocol');
  });

  test.each(['no netstring', '3:OK x,', '', '05:OK x,'])(
    'of a daemon that replies %j prints no reply',
    async (bytes) => {
      const fake = createServer((socket) => socket.once('data', () => socket.end(bytes))).listen(
        0,
        '127.0.0.1',
      );
      await new Promise((resolve) => fake.once('listening', resolve));
      const result = await run(
        'lookup',
        'x',
        '--server',
        `inet:${(fake.address() as AddressInfo).port}@127.0.0.1`,
      );
      fake.close();
      expect(result.status).toBe(bytes === '' ? 69 : 76);
      expect(result.stdout).toBe('');
    },
  );

  test('ends with 69 where no daemon answers', async () => {
    const { status, stderr } = await run('lookup', 'x', '--server', `unix:${folder}/none`);
    expect(status).toBe(69);
    expect(stderr).toContain(`unix:${folder}/none`);
  });

  test('asks the first listener of a configuration, unless a server is named', async () => {
    writeConfig('');
    writeFileSync(config, readFileSync(config, 'utf8').replace('"inet:0@127.0.0.1", ', ''));
    const serving = serve('--config', config);
    await serving.endpoint();
    expect(await run('lookup', 'alice@example.jp', '--config', config)).toMatchObject({
      status: 0,
      stdout: 'OK alice@example.jp\n',
    });
    const elsewhere = `unix:${folder}/none`;
    const { status, stderr } = await run('lookup', 'x', '--config', config, '--server', elsewhere);
    expect(status).toBe(69);
    expect(stderr).toContain(elsewhere);
  });

  test('ends with 78 for a configuration that cannot be used', async () => {
    const { status, stderr } = await run('lookup', 'x', '--config', `${folder}/none.toml`);
    expect(status).toBe(78);
    expect(stderr).toContain(`${folder}/none.toml: cannot be read`);
  });

  test('ends with 64 for a --server that is no endpoint', async () => {
    expect(await run('lookup', 'x', '--server', 'localhost')).toMatchObject({ status: 64 });
  });

  test('asks for the map and the key that it is given, and prints nothing that a terminal would obey', async () => {
    let asked = '';
    const fake = createServer((socket) =>
      socket.once('data', (chunk) => {
        asked = chunk.toString();
        socket.end('12:TEMP \x1b[31mA\n,'.replace('12', String('TEMP \x1b[31mA\n'.length)));
      }),
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => fake.once('listening', resolve));
    const server = `inet:${(fake.address() as AddressInfo).port}@127.0.0.1`;
    const { stdout } = await run('lookup', 'émile@example.jp', '--map', 'other', '--server', server);
    fake.close();
    expect(asked).toBe('23:other émile@example.jp,');
    expect(stdout).toBe('TEMP \\x1b[31mA\\x0a\n');
  });
});

describe('cyrusmapd check', () => {
  test('prints the whole way of a mailbox that exists', async () => {
    const { status, stdout } = await run('check', 'Alice+Lists@Example.JP', '--list', list);
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'key        Alice+Lists@Example.JP (22 bytes)',
      'recipient  alice+Lists@Example.JP',
      '           detail Lists of mailbox alice@example.jp',
      `asked      default: the list ${list}`,
      'verdict    deliverable, by what was asked',
      'reply      25:OK Alice+Lists@Example.JP,',
      'Sendmail   250 2.1.5 <Alice+Lists@Example.JP>... Recipient ok',
      'Postfix    250 2.1.5 Ok',
      '',
    ]);
  });

  test.each([
    [
      'nobody@example.jp',
      1,
      'verdict    unknown, by what was asked',
      '31:NOTFOUND Mailbox does not exist,',
      '550 5.1.1',
    ],
    ['two@at@example.jp', 1, 'recipient  none: two @, lmtpd can only refuse it', '31:NOTFOUND', '550 5.1.1'],
    ['alice@example.net', 75, 'verdict    deferred, by the domain, nobody was asked', ':TEMP ', '451 4.3.0'],
  ])('prints the way of %s', async (key, status, ...parts) => {
    const result = await run('check', key, '--config', config);
    expect(result.status).toBe(status);
    for (const part of parts) expect(result.stdout).toContain(part);
  });

  test('shows the dialogue with lmtpd', async () => {
    const fake = createServer((socket) => {
      socket.write('220 fake LMTP ready\r\n');
      let pending = '';
      socket.on('data', (chunk) => {
        pending += chunk.toString();
        const lines = pending.split('\r\n');
        pending = lines.pop() ?? '';
        for (const line of lines) socket.write(answerOf(line));
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => fake.once('listening', resolve));
    const lmtp = `inet:${(fake.address() as AddressInfo).port}@127.0.0.1`;
    const unknown = await run('check', 'nobody@example.jp', '--lmtp', lmtp, '--canary', 'alice@example.jp');
    expect(unknown.status).toBe(1);
    for (const line of [
      `asked      default: Cyrus over LMTP, ${lmtp}`,
      '           < 220 fake LMTP ready',
      '           > MAIL FROM:<>',
      '           > RCPT TO:<nobody@example.jp>',
      '           < 550 5.1.1 User unknown',
      '           > RCPT TO:<alice@example.jp>',
      '           < 250 2.1.5 ok',
    ]) {
      expect(unknown.stdout).toContain(`${line}\n`);
    }
    expect(unknown.stdout).not.toContain('DATA');
    const witnessless = await run('check', 'nobody@example.jp', '--lmtp', lmtp);
    expect(witnessless.status).toBe(75);
    expect(witnessless.stdout).toContain('canary');
    fake.close();
  });

  test('defers where Cyrus cannot be reached', async () => {
    const { status, stdout } = await run('check', 'alice@example.jp', '--lmtp', `unix:${folder}/none`);
    expect(status).toBe(75);
    expect(stdout).toContain('451 4.3.0 Temporary system failure. Please try again later.');
  });

  test('ends with 78 for a bad configuration', async () => {
    writeFileSync(config, '');
    expect((await run('check', 'x', '--config', config)).status).toBe(78);
  });
});

describe('cyrusmapd config', () => {
  test('prints the effective configuration, which is a configuration', async () => {
    writeConfig('[lookup]\ndeadline = "7s"');
    const { status, stdout } = await run('config', '--config', config);
    expect(status).toBe(0);
    expect(parse(stdout)).toMatchObject({
      lookup: { deadline: '7s', over_quota: 'temp' },
      backchannel: { names: { type: 'list', file: list } },
    });
    writeFileSync(config, stdout);
    expect((await run('config', '--config', config)).stdout).toBe(stdout);
  });

  test('ends with 78 for a bad one, and prints nothing', async () => {
    writeConfig('[lookup]\ndeadline = 7');
    const { status, stdout, stderr } = await run('config', '--config', config);
    expect(status).toBe(78);
    expect(stdout).toBe('');
    expect(stderr).toContain('lookup.deadline is 7: must be a duration');
  });
});

function answerOf(command: string): string {
  if (command.startsWith('LHLO')) return '250-fake\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n';
  if (command === 'RCPT TO:<nobody@example.jp>') return '550-Mailbox unknown.\r\n550 5.1.1 User unknown\r\n';
  if (command.startsWith('RCPT')) return '250 2.1.5 ok\r\n';
  if (command.startsWith('MAIL')) return '250 2.1.0 ok\r\n';
  return '250 2.0.0 Ok\r\n';
}
