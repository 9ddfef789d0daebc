// Whatever a server says that does not know the password, it never has us believe that we are logged in, costs no more than
// the iterations that are allowed, and is told nothing but the messages of RFC 5802.
import { expect } from 'vitest';
import { Scram, SCRAM_ITERATIONS_MAX } from '../../../src/cyrus/sasl/scram.js';
import { LoginError, ProtocolError } from '../../../src/errors.js';
import type { Target } from '../engine.js';

const CREDENTIALS = { user: 'cyrus', password: 'secret', authorizationId: undefined };
/** More of them are right, and cost time that is of no interest here. */
const ENOUGH = 5000;

export const scram: Target = {
  name: 'SCRAM',
  seeds: [
    'r=abcd,s=QSXCR+Q6sek8bf92,i=4096\nv=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    'r=abcd,s=QSXCR+Q6,i=4096\n\n',
    'm=x,r=abcd,s=QQ==,i=4096',
    'r=abcd,s=,i=0\ne=other-error',
  ],
  dictionary: ['r=abc', 's=', 'i=', 'v=', 'e=', 'm=', ',', '\n', '4096', '4095', '600001', '=', '\0', 'n,,'],
  async run(input) {
    const mechanism = new Scram('sha1', CREDENTIALS, 'none', 'abc');
    const messages = input.toString('latin1').split('\n');
    const counts = [...input.toString('latin1').matchAll(/i=0*(\d+)/g)].map(([, count]) => Number(count));
    if (counts.some((count) => count > ENOUGH && count <= SCRAM_ITERATIONS_MAX)) return;
    expect(mechanism.initialResponse().toString()).toBe('n,,n=cyrus,r=abc');
    try {
      for (const message of messages) {
        const said = (await mechanism.respond(Buffer.from(message, 'latin1'))).toString();
        expect(said === '' || /^c=biws,r=abc[!-+\--~]+,p=[\w+/]{27}=$/.test(said)).toBe(true);
      }
      mechanism.finish();
    } catch (error) {
      if (error instanceof ProtocolError || error instanceof LoginError) return;
      throw error;
    }
    throw new Error('it believes to be logged in');
  },
};
