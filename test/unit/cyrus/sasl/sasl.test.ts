import { describe, expect, test } from 'vitest';
import type { Credentials } from '../../../../src/cyrus/sasl/mechanism.js';
import {
  chooseMechanism,
  createMechanism,
  defaultMechanisms,
  type MechanismPolicy,
} from '../../../../src/cyrus/sasl/sasl.js';
import { ConfigError, LoginError, ProtocolError } from '../../../../src/errors.js';
import { MECHANISMS, type MechanismName } from '../../../../src/config/mechanism-names.js';

const CYRUS: Credentials = { user: 'cyrus', password: 'secret', authorizationId: undefined };
const OFFERED = ['PLAIN', 'cram-md5', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'GSSAPI'];

function policy(changes: Partial<MechanismPolicy> = {}): MechanismPolicy {
  return { allowed: defaultMechanisms(CYRUS), confidential: true, plainAnywhere: false, ...changes };
}

describe('the choice of a mechanism', () => {
  test.each<[readonly string[], MechanismName]>([
    [OFFERED, 'SCRAM-SHA-256'],
    [['PLAIN', 'CRAM-MD5', 'SCRAM-SHA-1'], 'SCRAM-SHA-1'],
    [['PLAIN', 'CRAM-MD5'], 'CRAM-MD5'],
    [['LOGIN', 'PLAIN'], 'PLAIN'],
  ])('of %j is %s, the strongest', (offered, chosen) => {
    expect(chooseMechanism(offered, policy(), CYRUS)).toBe(chosen);
  });

  test('follows the configured order', () => {
    expect(chooseMechanism(OFFERED, policy({ allowed: ['PLAIN', 'SCRAM-SHA-256'] }), CYRUS)).toBe('PLAIN');
  });

  test('never falls on a mechanism that is not allowed', () => {
    expect(() => chooseMechanism(['PLAIN'], policy({ allowed: ['SCRAM-SHA-256'] }), CYRUS)).toThrow(
      new LoginError('no login mechanism: the server offers PLAIN, allowed are SCRAM-SHA-256'),
    );
  });

  test('names nothing offered', () => {
    expect(() => chooseMechanism([], policy({ allowed: ['PLAIN'] }), CYRUS)).toThrow(
      'the server offers none',
    );
  });

  test('takes PLAIN only where nobody can listen', () => {
    expect(() => chooseMechanism(['PLAIN'], policy({ confidential: false }), CYRUS)).toThrow(
      /PLAIN needs TLS, loopback or a UNIX socket/,
    );
    expect(chooseMechanism(['PLAIN'], policy({ confidential: false, plainAnywhere: true }), CYRUS)).toBe(
      'PLAIN',
    );
  });

  test('passes over CRAM-MD5 where somebody else is to be acted for', () => {
    const credentials = { ...CYRUS, authorizationId: 'admin' };
    expect(chooseMechanism(['CRAM-MD5', 'PLAIN'], policy(), credentials)).toBe('PLAIN');
    expect(() => chooseMechanism(['CRAM-MD5'], policy(), credentials)).toThrow(/no room/);
  });

  test('is EXTERNAL where there is no password, and never by itself where there is one', () => {
    const certificate = { user: '', password: undefined, authorizationId: undefined };
    expect(defaultMechanisms(certificate)).toEqual(['EXTERNAL']);
    expect(defaultMechanisms(CYRUS)).not.toContain('EXTERNAL');
    const all = policy({ allowed: MECHANISMS });
    expect(chooseMechanism(['PLAIN', 'EXTERNAL'], all, certificate)).toBe('EXTERNAL');
    expect(() => chooseMechanism(['PLAIN'], all, certificate)).toThrow(/PLAIN needs a password/);
  });
});

describe('PLAIN', () => {
  test.each([
    ['tim', 'tanstaaftanstaaf', undefined, '\0tim\0tanstaaftanstaaf'],
    ['Kurt', 'xipj3plmq', 'Ursel', 'Ursel\0Kurt\0xipj3plmq'],
  ])('says what RFC 4616 prints for %s', (user, password, authorizationId, message) => {
    const plain = createMechanism('PLAIN', { user, password, authorizationId });
    expect(plain.initialResponse()?.toString()).toBe(message);
    expect(() => plain.finish()).not.toThrow();
  });

  test('has no answer to a second challenge', async () => {
    await expect(createMechanism('PLAIN', CYRUS).respond(Buffer.alloc(0))).rejects.toThrow(ProtocolError);
  });
});

describe('CRAM-MD5', () => {
  test('answers as RFC 2195 prints it', async () => {
    const cram = createMechanism('CRAM-MD5', { ...CYRUS, user: 'tim', password: 'tanstaaftanstaaf' });
    expect(cram.initialResponse()).toBeUndefined();
    const challenge = Buffer.from('<1896.697170952@postoffice.reston.mci.net>');
    expect((await cram.respond(challenge)).toString()).toBe('tim b913a602c7eda7a495b4e6e7334d3890');
    expect(() => cram.finish()).not.toThrow();
    await expect(cram.respond(challenge)).rejects.toThrow('one challenge too many');
  });

  test('does not take a success without a challenge', () => {
    expect(() => createMechanism('CRAM-MD5', CYRUS).finish()).toThrow(ProtocolError);
  });
});

describe('EXTERNAL', () => {
  test.each([
    [undefined, ''],
    ['cyrus', 'cyrus'],
  ])('names %j by %j', (authorizationId, message) => {
    const external = createMechanism('EXTERNAL', { user: '', password: undefined, authorizationId });
    expect(external.initialResponse()?.toString()).toBe(message);
  });
});

test.each<MechanismName>(['PLAIN', 'EXTERNAL'])('%s takes no data along with the success', (name) => {
  const mechanism = createMechanism(name, CYRUS);
  expect(() => mechanism.finish(Buffer.alloc(0))).not.toThrow();
  expect(() => mechanism.finish(Buffer.from('x'))).toThrow(ProtocolError);
});

test.each(MECHANISMS)('%s is made by its name, and not of a name with a NUL', (name) => {
  expect(createMechanism(name, CYRUS).name).toBe(name);
  expect(() => createMechanism(name, { ...CYRUS, user: 'a\0b' })).toThrow(ConfigError);
});
