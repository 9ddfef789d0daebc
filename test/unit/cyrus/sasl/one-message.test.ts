import { describe, expect, test } from 'vitest';
import { External, Plain } from '../../../../src/cyrus/sasl/one-message.js';
import { ProtocolError } from '../../../../src/errors.js';

const CYRUS = { user: 'cyrus', password: 'secret', authorizationId: undefined };

describe('PLAIN', () => {
  test.each([
    ['tim', 'tanstaaftanstaaf', undefined, '\0tim\0tanstaaftanstaaf'],
    ['Kurt', 'xipj3plmq', 'Ursel', 'Ursel\0Kurt\0xipj3plmq'],
  ])('says what RFC 4616 prints for %s', (user, password, authorizationId, message) => {
    const plain = new Plain({ user, password, authorizationId });
    expect(plain.initialResponse()?.toString()).toBe(message);
    expect(() => plain.finish()).not.toThrow();
  });

  test('has no answer to a second challenge', async () => {
    await expect(new Plain(CYRUS).respond()).rejects.toThrow(ProtocolError);
  });
});

describe('EXTERNAL', () => {
  test.each([
    [undefined, ''],
    ['cyrus', 'cyrus'],
  ])('names %j by %j', (authorizationId, message) => {
    const external = new External({ user: '', password: undefined, authorizationId });
    expect(external.initialResponse()?.toString()).toBe(message);
  });

  test('has no answer to a second challenge', async () => {
    const external = new External({ user: '', password: undefined, authorizationId: undefined });
    await expect(external.respond()).rejects.toThrow(ProtocolError);
  });
});

test.each([new Plain(CYRUS), new External(CYRUS)])(
  '$name takes no data along with the success',
  (mechanism) => {
    expect(() => mechanism.finish(Buffer.alloc(0))).not.toThrow();
    expect(() => mechanism.finish(Buffer.from('x'))).toThrow(ProtocolError);
  },
);
