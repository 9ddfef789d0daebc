import { describe, expect, test } from 'vitest';
import {
  exchange,
  SASL_CHALLENGES_MAX,
  type Carrier,
  type SaslReply,
} from '../../../../src/cyrus/sasl/exchange.js';
import type { Mechanism } from '../../../../src/cyrus/sasl/mechanism.js';
import { createMechanism } from '../../../../src/cyrus/sasl/create-mechanism.js';
import { Scram } from '../../../../src/cyrus/sasl/scram.js';
import { LoginError, ProtocolError } from '../../../../src/errors.js';

const CYRUS = { user: 'cyrus', password: 'secret', authorizationId: undefined };

/** A server that says what it is told to, and writes down what it hears. */
class Script implements Carrier {
  readonly takesInitialResponse: boolean;
  readonly heard: string[] = [];
  readonly #replies: SaslReply[];

  constructor(takesInitialResponse: boolean, replies: readonly SaslReply[]) {
    this.takesInitialResponse = takesInitialResponse;
    this.#replies = [...replies];
  }

  async start(mechanism: string, initialResponse: string | undefined): Promise<SaslReply> {
    this.heard.push(initialResponse === undefined ? mechanism : `${mechanism} ${initialResponse}`);
    return this.#reply();
  }

  async respond(response: string): Promise<SaslReply> {
    this.heard.push(response);
    return this.#reply();
  }

  #reply(): SaslReply {
    return this.#replies.shift() ?? { kind: 'failure', text: 'the script is at its end' };
  }
}

const challenge = (data: string): SaslReply => ({ kind: 'challenge', data });
const success = (data?: string): SaslReply => ({ kind: 'success', data });

describe('SCRAM as Cyrus 3.6.1 speaks it', () => {
  const NONCE = 'qmgctAc8HUuF71+EhuqmkTQx';
  const FIRST = 'biwsbj1jeXJ1cyxyPXFtZ2N0QWM4SFV1RjcxK0VodXFta1RReA==';
  const SERVER_FIRST =
    'cj1xbWdjdEFjOEhVdUY3MStFaHVxbWtUUXhFTnI5Mi9Wd1o1b3NWc0h0NndzYkRPWExwWWVFUDhpMyxzPVl4RGkzNnpuQlIxUFZsa3I1NGE1dXBOVXllV0Q5cG8vYXNnRVRjbGRkTUk9LGk9NDA5Ng==';
  const FINAL =
    'Yz1iaXdzLHI9cW1nY3RBYzhIVXVGNzErRWh1cW1rVFF4RU5yOTIvVndaNW9zVnNIdDZ3c2JET1hMcFllRVA4aTMscD1SZ1ljOC9QQUhzL1RIRjluYVBOSnY3Q3EzNDdsc2QybDZaTDNidlgrZktzPQ==';
  const SERVER_FINAL = 'dj1yeklpVlRMQ2FNWHBUQ244N1ZZWlJuc0pVQkVZMnV6ZlNPT2pRSGJvbVZzPQ==';
  const scram = () => new Scram('sha256', CYRUS, 'none', NONCE);

  test('with an initial response', async () => {
    const server = new Script(true, [challenge(SERVER_FIRST), challenge(SERVER_FINAL), success()]);
    await exchange(scram(), server);
    expect(server.heard).toEqual([`SCRAM-SHA-256 ${FIRST}`, FINAL, '']);
  });

  test('without one', async () => {
    const server = new Script(false, [
      challenge(''),
      challenge(SERVER_FIRST),
      challenge(SERVER_FINAL),
      success(),
    ]);
    await exchange(scram(), server);
    expect(server.heard).toEqual(['SCRAM-SHA-256', FIRST, FINAL, '']);
  });

  test('with the final message beside the success', async () => {
    const server = new Script(true, [challenge(SERVER_FIRST), success(SERVER_FINAL)]);
    await expect(exchange(scram(), server)).resolves.toBeUndefined();
  });

  test.each([
    ['at once', [success()]],
    ['after the proof of the client', [challenge(SERVER_FIRST), success()]],
  ])('is not believed where success comes %s', async (_, replies) => {
    await expect(exchange(scram(), new Script(true, replies))).rejects.toThrow(ProtocolError);
  });

  test('a wrong password is a refusal', async () => {
    const server = new Script(true, [
      challenge(SERVER_FIRST),
      { kind: 'failure', text: 'authentication failure' },
    ]);
    await expect(exchange(scram(), server)).rejects.toThrow(
      new LoginError('login with SCRAM-SHA-256 refused: authentication failure'),
    );
  });
});

test('an empty initial response is an equals sign', async () => {
  const server = new Script(true, [success()]);
  await exchange(createMechanism('EXTERNAL', CYRUS), server);
  expect(server.heard).toEqual(['EXTERNAL =']);
});

test('an empty first response to a challenge is an empty line', async () => {
  const server = new Script(false, [challenge(''), success()]);
  await exchange(createMechanism('EXTERNAL', CYRUS), server);
  expect(server.heard).toEqual(['EXTERNAL', '']);
});

test('CRAM-MD5 waits for its challenge even where an initial response could be sent', async () => {
  const server = new Script(true, [challenge('PDE+'), success()]);
  await exchange(createMechanism('CRAM-MD5', CYRUS), server);
  expect(server.heard[0]).toBe('CRAM-MD5');
  expect(Buffer.from(server.heard[1] ?? '', 'base64').toString()).toMatch(/^cyrus [0-9a-f]{32}$/);
});

describe('a server that breaks the exchange', () => {
  test.each<[string, boolean, readonly SaslReply[]]>([
    ['sends what is not base64', false, [challenge('a?=')]],
    ['speaks first where the client does', false, [challenge('aGVsbG8=')]],
    ['reports success before it was told who logs in', false, [success()]],
    ['adds data to a success that has none', true, [success('aGVsbG8=')]],
    ['goes on after all is said', true, [challenge('')]],
  ])('%s', async (_, takesInitialResponse, replies) => {
    const plain = createMechanism('PLAIN', CYRUS);
    await expect(exchange(plain, new Script(takesInitialResponse, replies))).rejects.toThrow(ProtocolError);
  });

  test('sends a challenge that is one equals sign, which is an empty one', async () => {
    const server = new Script(false, [challenge('='), success()]);
    await exchange(createMechanism('PLAIN', CYRUS), server);
    expect(server.heard).toEqual(['PLAIN', Buffer.from('\0cyrus\0secret').toString('base64')]);
  });

  test('never comes to an end', async () => {
    const patient: Mechanism = {
      name: 'PLAIN',
      initialResponse: () => undefined,
      respond: async () => Buffer.alloc(0),
      finish: () => undefined,
    };
    const server = new Script(true, Array(SASL_CHALLENGES_MAX + 1).fill(challenge('')));
    await expect(exchange(patient, server)).rejects.toThrow(`over ${SASL_CHALLENGES_MAX} challenges`);
    const last = new Script(true, [...Array(SASL_CHALLENGES_MAX).fill(challenge('')), success()]);
    await expect(exchange(patient, last)).resolves.toBeUndefined();
  });
});
