import { describe, expect, test } from 'vitest';
import { CramMd5 } from '../../../../src/cyrus/sasl/cram-md5.js';
import { ProtocolError } from '../../../../src/errors.js';

const CYRUS = { user: 'cyrus', password: 'secret', authorizationId: undefined };

describe('CRAM-MD5', () => {
  test('answers as RFC 2195 prints it', async () => {
    const cram = new CramMd5({ ...CYRUS, user: 'tim', password: 'tanstaaftanstaaf' });
    expect(cram.initialResponse()).toBeUndefined();
    const challenge = Buffer.from('<1896.697170952@postoffice.reston.mci.net>');
    expect((await cram.respond(challenge)).toString()).toBe('tim b913a602c7eda7a495b4e6e7334d3890');
    expect(() => cram.finish()).not.toThrow();
    await expect(cram.respond(challenge)).rejects.toThrow('one challenge too many');
  });

  test('does not take a success without a challenge', () => {
    expect(() => new CramMd5(CYRUS).finish()).toThrow(ProtocolError);
  });
});
