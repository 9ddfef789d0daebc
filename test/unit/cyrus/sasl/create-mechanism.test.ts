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
