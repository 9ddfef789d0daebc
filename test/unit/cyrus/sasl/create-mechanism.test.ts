import { expect, test } from 'vitest';
import { isBinding, MECHANISMS } from '../../../../src/config/mechanism-names.js';
import { createMechanism } from '../../../../src/cyrus/sasl/create-mechanism.js';
import { ConfigError, LoginError } from '../../../../src/errors.js';

const BINDING = { type: 'tls-unique', data: Buffer.from('x') } as const;
const CYRUS = { user: 'cyrus', password: 'secret', authorizationId: undefined };

test.each(MECHANISMS)('%s is made by its name, and not of a name with a NUL', (name) => {
  expect(createMechanism(name, CYRUS, BINDING).name).toBe(name);
  expect(() => createMechanism(name, { ...CYRUS, user: 'a\0b' }, BINDING)).toThrow(ConfigError);
});

test.each(MECHANISMS.filter(isBinding))('%s is not made without a binding', (name) => {
  for (const binding of ['none', 'unoffered'] as const)
    expect(() => createMechanism(name, CYRUS, binding)).toThrow(LoginError);
});

test.each([
  ['none', 'n,,'],
  ['unoffered', 'y,,'],
  [BINDING, 'n,,'],
] as const)('SCRAM without -PLUS tells a server of channel binding %j: %s', (binding, header) => {
  for (const name of ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1'] as const) {
    const mechanism = createMechanism(name, CYRUS, binding);
    expect(mechanism.name).toBe(name);
    expect(mechanism.initialResponse()?.toString().startsWith(`${header}n=cyrus,r=`)).toBe(true);
  }
});
