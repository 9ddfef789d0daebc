import { describe, expect, test } from 'vitest';
import type { Credentials } from '../../../../src/cyrus/sasl/mechanism.js';
import {
  bindingFor,
  chooseMechanism,
  defaultMechanisms,
  type MechanismPolicy,
} from '../../../../src/cyrus/sasl/choice.js';
import { LoginError } from '../../../../src/errors.js';
import { MECHANISMS, type MechanismName } from '../../../../src/config/mechanism-names.js';

const CYRUS: Credentials = { user: 'cyrus', password: 'secret', authorizationId: undefined };
const OFFERED = ['PLAIN', 'cram-md5', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'GSSAPI'];

function policy(changes: Partial<MechanismPolicy> = {}): MechanismPolicy {
  return {
    allowed: defaultMechanisms(CYRUS),
    confidential: true,
    plainAnywhere: false,
    binding: undefined,
    ...changes,
  };
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

  test('takes CRAM-MD5 in clear only where PLAIN is allowed there too: anybody could offer it alone', () => {
    expect(() => chooseMechanism(['CRAM-MD5'], policy({ confidential: false }), CYRUS)).toThrow(
      /CRAM-MD5 needs TLS, loopback or a UNIX socket/,
    );
    const anywhere = policy({ confidential: false, plainAnywhere: true });
    expect(chooseMechanism(['CRAM-MD5'], anywhere, CYRUS)).toBe('CRAM-MD5');
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

describe('channel binding', () => {
  const BINDING = { type: 'tls-unique', data: Buffer.from('x') } as const;
  const BOTH = ['SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
  const told = (offered: readonly string[], changes: Partial<MechanismPolicy> = {}) => {
    const by = policy({ binding: BINDING, ...changes });
    const name = chooseMechanism(offered, by, CYRUS);
    return [name, bindingFor(name, offered, by)];
  };

  test('is taken where the server offers it, before any mechanism without it', () => {
    expect(told(BOTH)).toEqual(['SCRAM-SHA-1-PLUS', BINDING]);
    expect(told([...BOTH, 'SCRAM-SHA-512-PLUS', 'SCRAM-SHA-256-PLUS'])).toEqual([
      'SCRAM-SHA-512-PLUS',
      BINDING,
    ]);
  });

  test('that the server did not offer is told of: somebody may have taken the offer away', () => {
    expect(told(['SCRAM-SHA-256', 'PLAIN'])).toEqual(['SCRAM-SHA-256', 'unoffered']);
  });

  test('is not spoken of where the operator wants none, or prefers another mechanism that is offered too', () => {
    expect(told(BOTH, { allowed: ['SCRAM-SHA-256'] })).toEqual(['SCRAM-SHA-256', 'none']);
    expect(told(BOTH, { allowed: ['SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS'] })).toEqual(['SCRAM-SHA-256', 'none']);
  });

  test('is none where the connection has none', () => {
    expect(told(BOTH, { binding: undefined })).toEqual(['SCRAM-SHA-512', 'none']);
    expect(told(['SCRAM-SHA-256'], { binding: undefined })).toEqual(['SCRAM-SHA-256', 'none']);
    expect(() => told(['SCRAM-SHA-1-PLUS'], { binding: undefined })).toThrow(
      /SCRAM-SHA-1-PLUS needs TLS, and a channel_binding that it has/,
    );
  });
});
