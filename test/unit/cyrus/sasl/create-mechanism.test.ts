import { expect, test } from 'vitest';
import { MECHANISMS } from '../../../../src/config/mechanism-names.js';
import { createMechanism } from '../../../../src/cyrus/sasl/create-mechanism.js';
import { ConfigError } from '../../../../src/errors.js';

const CYRUS = { user: 'cyrus', password: 'secret', authorizationId: undefined };

test.each(MECHANISMS)('%s is made by its name, and not of a name with a NUL', (name) => {
  expect(createMechanism(name, CYRUS).name).toBe(name);
  expect(() => createMechanism(name, { ...CYRUS, user: 'a\0b' })).toThrow(ConfigError);
});
