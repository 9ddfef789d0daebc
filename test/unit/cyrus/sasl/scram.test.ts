import { describe, expect, test } from 'vitest';
import {
  Scram,
  SCRAM_ITERATIONS_MAX,
  SCRAM_ITERATIONS_MIN,
  type Binding,
  type ScramHash,
} from '../../../../src/cyrus/sasl/scram.js';
import { ScramServer } from '../../../fakes/scram-server.js';
import { ConfigError, LoginError, ProtocolError } from '../../../../src/errors.js';

const USER = { user: 'user', password: 'pencil', authorizationId: undefined };

/** RFC 5802 section 5. */
const SHA1 = {
  hash: 'sha1' as ScramHash,
  nonce: 'fyko+d2lbbFgONRv9qkxdawL',
  clientFirst: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
  serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
  clientFinal: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
  serverFinal: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
};
/** RFC 7677 section 3. */
const SHA256 = {
  hash: 'sha256' as ScramHash,
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

/** No RFC prints one; computed by Python's hashlib. */
const SHA512 = {
  hash: 'sha512' as ScramHash,
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst:
    'r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,s=Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,' +
    'p=Hc5yec3NmCD7t+kFRw4/3yD6/F3SQHc7AVYschRja+Bc3sbdjlA0eH1OjJc0DD4ghn1tnXN5/Wr6qm9xmaHt4A==',
  serverFinal: 'v=BQuhnKHqYDwQWS5jAw4sZed+C9KFUALsbrq81bB0mh+bcUUbbMPNNmBIupnS2AmyyDnG5CTBQtkjJ9kyY4kzmw==',
};

async function challenged(vector = SHA256): Promise<Scram> {
  const scram = new Scram(vector.hash, USER, 'none', vector.nonce);
  await scram.respond(Buffer.from(vector.serverFirst));
  return scram;
}

describe.each([SHA1, SHA256, SHA512])('the exchange that is known for $hash', (vector) => {
  test('with the final message as a challenge', async () => {
    const scram = new Scram(vector.hash, USER, 'none', vector.nonce);
    expect(scram.initialResponse().toString()).toBe(vector.clientFirst);
    expect((await scram.respond(Buffer.from(vector.serverFirst))).toString()).toBe(vector.clientFinal);
    expect(await scram.respond(Buffer.from(vector.serverFinal))).toHaveLength(0);
    expect(() => scram.finish()).not.toThrow();
  });

  test('with the final message along with the success', async () => {
    const scram = await challenged(vector);
    expect(() => scram.finish(Buffer.from(vector.serverFinal))).not.toThrow();
  });
});

describe('a server that does not prove that it knows the password', () => {
  test('reports success at once', () => {
    const scram = new Scram('sha256', USER);
    expect(() => scram.finish()).toThrow(ProtocolError);
  });

  test('reports success after the client has proved that it knows it', async () => {
    const scram = await challenged();
    expect(() => scram.finish()).toThrow('success without a proof');
  });

  test('sends a wrong signature', async () => {
    const scram = await challenged();
    await expect(scram.respond(Buffer.from(SHA1.serverFinal))).rejects.toThrow('wrong signature');
    expect(() => scram.finish()).toThrow(ProtocolError);
  });

  test.each([0, 10, 19])('sends a signature of the right length with byte %d wrong', async (place) => {
    const scram = await challenged(SHA1);
    const signature = Buffer.from(SHA1.serverFinal.slice('v='.length), 'base64');
    expect(signature).toHaveLength(20);
    signature.writeUInt8(signature.readUInt8(place) ^ 1, place);
    const final = Buffer.from(`v=${signature.toString('base64')}`);
    await expect(scram.respond(final)).rejects.toThrow('wrong signature');
    expect(() => scram.finish()).toThrow('success without a proof');
  });

  test('sends an empty signature', async () => {
    const scram = await challenged();
    expect(() => scram.finish(Buffer.from('v='))).toThrow(ProtocolError);
  });

  test('sends its final message before the client has said anything', () => {
    const scram = new Scram('sha256', USER, 'none', SHA256.nonce);
    expect(() => scram.finish(Buffer.from(SHA256.serverFinal))).toThrow('out of turn');
  });
});

describe('a first message of the server', () => {
  const first = (text: string) => new Scram('sha256', USER, 'none', 'abc').respond(Buffer.from(text));

  test.each([
    ['with a nonce that is not ours', 'r=abxyz,s=QSXCR+Q6,i=4096', 'does not extend ours'],
    ['with our nonce and nothing more', 'r=abc,s=QSXCR+Q6,i=4096', 'does not extend ours'],
    ['that holds a mandatory extension', 'm=x,r=abcd,s=QSXCR+Q6,i=4096', 'mandatory extension'],
    ['without salt', 'r=abcd,s=,i=4096', 'a first message that is none'],
    ['without iteration count', 'r=abcd,s=QSXCR+Q6', 'a first message that is none'],
    ['with the iteration count 0', 'r=abcd,s=QSXCR+Q6,i=0', 'a first message that is none'],
    ['that is empty', '', 'a first message that is none'],
    ['with too few iterations', `r=abcd,s=QSXCR+Q6,i=${SCRAM_ITERATIONS_MIN - 1}`, 'must be from 4096 to'],
    ['with too many iterations', `r=abcd,s=QSXCR+Q6,i=${SCRAM_ITERATIONS_MAX + 1}`, 'must be from 4096 to'],
    ['with very many iterations', 'r=abcd,s=QSXCR+Q6,i=9999999999', 'must be from 4096 to'],
  ])('%s is refused', async (_, text, message) => {
    await expect(first(text)).rejects.toThrow(ProtocolError);
    await expect(first(text)).rejects.toThrow(message);
  });

  test('with an extension that may be ignored is taken', async () => {
    const response = await first('r=abcd,s=QSXCR+Q6,i=4096,x=1');
    expect(response.toString()).toMatch(/^c=biws,r=abcd,p=/);
  });
});

test('the most iterations that are allowed are done', async () => {
  const scram = new Scram('sha1', USER, 'none', 'abc');
  const response = await scram.respond(Buffer.from('r=abcd,s=QSXCR+Q6,i=600000'));
  expect(response.toString()).toMatch(/^c=biws,r=abcd,p=/);
});

test('an empty addition to the success is none', async () => {
  const scram = await challenged();
  await scram.respond(Buffer.from(SHA256.serverFinal));
  expect(() => scram.finish(Buffer.alloc(0))).not.toThrow();
});

test('of a refusal one short line of printable characters is told', async () => {
  const scram = await challenged();
  const long = `e=not\r\nso ${'x'.repeat(200)}`;
  await expect(scram.respond(Buffer.from(long))).rejects.toThrow(
    new LoginError(`SCRAM-SHA-256 login refused: not so ${'x'.repeat(93)}`),
  );
});

test('a refusal in the final message is no breach of the protocol', async () => {
  const scram = await challenged();
  await expect(scram.respond(Buffer.from('e=invalid-proof'))).rejects.toThrow(
    new LoginError('SCRAM-SHA-256 login refused: invalid-proof'),
  );
});

test('a challenge after the last one is refused', async () => {
  const scram = await challenged();
  await scram.respond(Buffer.from(SHA256.serverFinal));
  await expect(scram.respond(Buffer.alloc(0))).rejects.toThrow('one challenge too many');
});

test('names are prepared and their commas and equals signs are written as codes', async () => {
  const scram = new Scram(
    'sha256',
    { user: 'a=b,c', password: 'x', authorizationId: 'I\u00adX,' },
    'none',
    'abc',
  );
  expect(scram.initialResponse().toString()).toBe('n,a=IX=2C,n=a=3Db=2Cc,r=abc');
  const response = await scram.respond(Buffer.from('r=abcd,s=QSXCR+Q6,i=4096'));
  const header = Buffer.from('n,a=IX=2C,').toString('base64');
  expect(response.toString().startsWith(`c=${header},r=abcd,`)).toBe(true);
});

test('each exchange has a nonce of its own', () => {
  const first = new Scram('sha256', USER).initialResponse().toString();
  expect(first).toMatch(/^n,,n=user,r=[A-Za-z0-9+/]{24}$/);
  expect(new Scram('sha256', USER).initialResponse().toString()).not.toBe(first);
});

test('a password that cannot be prepared is an error of the configuration', () => {
  expect(() => new Scram('sha256', { ...USER, password: 'a\tb' })).toThrow(ConfigError);
});

describe('channel binding', () => {
  const DATA = Buffer.from([0, 1, 0xfe, 0xff]);
  const bound = { type: 'tls-exporter', data: DATA } as const;

  test.each<[Binding, string, string]>([
    ['none', 'n,,', 'SCRAM-SHA-256'],
    ['unoffered', 'y,,', 'SCRAM-SHA-256'],
    [bound, 'p=tls-exporter,,', 'SCRAM-SHA-256-PLUS'],
    [{ type: 'tls-server-end-point', data: DATA }, 'p=tls-server-end-point,,', 'SCRAM-SHA-256-PLUS'],
  ])('%j is told as %s', (binding, header, name) => {
    const scram = new Scram('sha256', USER, binding, 'abc');
    expect(scram.name).toBe(name);
    expect(scram.initialResponse().toString()).toBe(`${header}n=user,r=abc`);
  });

  test.each(['sha512', 'sha256', 'sha1'] as const)(
    'a server that has the same binding is satisfied, with %s',
    async (hash) => {
      for (const binding of ['none', 'unoffered', bound] as const) {
        const server = new ScramServer(hash, 'pencil', DATA);
        const scram = new Scram(hash, USER, binding);
        const final = await scram.respond(server.first(scram.initialResponse()));
        await scram.respond(server.final(final));
        expect(() => scram.finish()).not.toThrow();
      }
    },
  );

  test('a server that has another one is not', async () => {
    const server = new ScramServer('sha256', 'pencil', Buffer.from('another connection'));
    const scram = new Scram('sha256', USER, bound);
    const final = await scram.respond(server.first(scram.initialResponse()));
    expect(server.final(final).toString()).toBe('e=channel-bindings-dont-match');
    await expect(scram.respond(server.final(final))).rejects.toThrow(
      new LoginError('SCRAM-SHA-256-PLUS login refused: channel-bindings-dont-match'),
    );
  });

  test('stands behind the name of whom to act as', async () => {
    const scram = new Scram('sha256', { ...USER, authorizationId: 'boss' }, bound, 'abc');
    expect(scram.initialResponse().toString()).toBe('p=tls-exporter,a=boss,n=user,r=abc');
    const final = await scram.respond(Buffer.from('r=abcd,s=QSXCR+Q6,i=4096'));
    const input = Buffer.concat([Buffer.from('p=tls-exporter,a=boss,'), DATA]);
    expect(final.toString().startsWith(`c=${input.toString('base64')},r=abcd,p=`)).toBe(true);
  });
});
