import { describe, expect, test } from 'vitest';
import type { MechanismName } from '../../../../src/config/mechanism-names.js';
import type { Carrier, SaslReply } from '../../../../src/cyrus/sasl/exchange.js';
import { logIn } from '../../../../src/cyrus/sasl/log-in.js';
import type { Credentials } from '../../../../src/cyrus/sasl/mechanism.js';
import { LoginError, ProtocolError, UnavailableError } from '../../../../src/errors.js';

const PASSWORD = 'correct horse battery staple';
const CYRUS: Credentials = { user: 'cyrus', password: PASSWORD, authorizationId: undefined };
const PLAIN = Buffer.from(`\0cyrus\0${PASSWORD}`).toString('base64');

/** Answers whatever it is sent with what `say` makes of it. */
function carrier(takesInitialResponse: boolean, say: (sent: string, turn: number) => SaslReply) {
  const heard: string[] = [];
  const hear = (sent: string): SaslReply => say(sent, heard.push(sent));
  const carries: Carrier = {
    takesInitialResponse,
    start: async (mechanism, response) => hear(response === undefined ? mechanism : response),
    respond: async (response) => hear(response),
  };
  return { carries, heard };
}

const failure = (text: string): SaslReply => ({ kind: 'failure', text });

function logInBy(
  mechanism: MechanismName,
  carries: Carrier,
  { credentials = CYRUS, confidential = true } = {},
) {
  const login = { credentials, mechanisms: [mechanism], plainAnywhere: false };
  return logIn(login, [mechanism], { confidential, binding: undefined }, carries);
}

/** The error of a login that must fail. */
async function failed(login: Promise<void>): Promise<Error> {
  const outcome: unknown = await login.catch((error: unknown) => error);
  if (!(outcome instanceof Error)) throw new Error('the login did not fail');
  return outcome;
}

describe('a login', () => {
  test.each([true, false])('succeeds where the server says so: initial response %j', async (initial) => {
    const { carries, heard } = carrier(initial, (sent) =>
      sent === PLAIN ? { kind: 'success', data: undefined } : { kind: 'challenge', data: '' },
    );
    await logInBy('PLAIN', carries);
    expect(heard).toEqual(initial ? [PLAIN] : ['PLAIN', PLAIN]);
  });

  test('sends no password in clear', async () => {
    const { carries, heard } = carrier(true, () => ({ kind: 'success', data: undefined }));
    const error = await failed(logInBy('PLAIN', carries, { confidential: false }));
    expect(error).toBeInstanceOf(LoginError);
    expect(error.message).toMatch(/^user cyrus: no login mechanism: .*in clear$/);
    expect(heard).toEqual([]);
  });

  test('that is refused names the user and what the server said', async () => {
    const { carries } = carrier(true, () => failure('authentication failure'));
    expect(await failed(logInBy('PLAIN', carries))).toEqual(
      new LoginError('user cyrus: login with PLAIN refused: authentication failure'),
    );
  });

  test('with channel binding that is refused tells what else than the password may be wrong', async () => {
    const { carries } = carrier(true, () => failure('bad protocol'));
    const mechanisms = ['SCRAM-SHA-256-PLUS'] as const;
    const login = { credentials: CYRUS, mechanisms, plainAnywhere: false };
    const binding = { type: 'tls-unique', data: Buffer.from('x') } as const;
    const refused = failed(logIn(login, mechanisms, { confidential: true, binding }, carries));
    expect((await refused).message).toBe(
      'user cyrus: login with SCRAM-SHA-256-PLUS refused: bad protocol ' +
        '(the password, or channel_binding is not what it takes, or TLS ends before it)',
    );
  });

  test.each([
    [['SCRAM-SHA-256'], 'y,,n=cyrus,'],
    [['SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS'], 'p=tls-unique,,n=cyrus,'],
  ])('where the connection has a binding and %j are offered, begins with %s', async (offered, beginning) => {
    const { carries, heard } = carrier(true, () => failure('enough'));
    const mechanisms = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256'] as const;
    const binding = { type: 'tls-unique', data: Buffer.from('x') } as const;
    const login = { credentials: CYRUS, mechanisms, plainAnywhere: false };
    await failed(logIn(login, offered, { confidential: true, binding }, carries));
    expect(
      Buffer.from(heard[0] ?? '', 'base64')
        .toString()
        .startsWith(beginning),
    ).toBe(true);
  });

  test('names no user where there is none', async () => {
    const { carries } = carrier(true, () => failure('no certificate'));
    const credentials = { user: '', password: undefined, authorizationId: undefined };
    expect(await failed(logInBy('EXTERNAL', carries, { credentials }))).toEqual(
      new LoginError('login with EXTERNAL refused: no certificate'),
    );
  });

  test('that ended otherwise tells how, with the error that it was', async () => {
    const cause = new UnavailableError('imapd has closed the connection');
    const { carries } = carrier(true, () => {
      throw cause;
    });
    expect(await failed(logInBy('PLAIN', carries))).toBe(cause);
  });
});

describe('a server that says back what it was sent', () => {
  test.each([
    ['the initial response', true, () => failure(`syntax error near ${PLAIN}`)],
    [
      'the response to a challenge',
      false,
      (sent: string): SaslReply =>
        sent === 'PLAIN' ? { kind: 'challenge', data: '' } : failure(`syntax error near ${sent}`),
    ],
    ['the password itself', true, () => failure(`syntax error near ${PASSWORD}`)],
    ['half of it', true, () => failure(`syntax error near ${PLAIN.slice(0, 12)}`)],
  ])('as a refusal does not put %s into the error', async (_, initial, say) => {
    const error = await failed(logInBy('PLAIN', carrier(initial, say).carries));
    expect(error).toEqual(new LoginError('user cyrus: login with PLAIN refused: syntax error near ***'));
    expect(error.cause).toBeUndefined();
  });

  test('as a breach of the protocol does not either', async () => {
    const { carries } = carrier(true, (sent) => {
      throw new ProtocolError(`imapd sent what is no response: ${sent}`, { cause: new Error(sent) });
    });
    const error = await failed(logInBy('PLAIN', carries));
    expect(error).toEqual(new ProtocolError('imapd sent what is no response: ***'));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error.cause).toBeUndefined();
  });

  test('as it goes away does not either', async () => {
    const { carries } = carrier(true, (sent) => {
      throw new Error(`closed while it was sent ${sent}`, { cause: new Error(sent) });
    });
    const error = await failed(logInBy('PLAIN', carries));
    expect(error).toEqual(new UnavailableError('closed while it was sent ***'));
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.cause).toBeUndefined();
  });

  test('what CRAM-MD5 made of the password is no more for the log than the password', async () => {
    const { carries } = carrier(true, (sent) =>
      sent === 'CRAM-MD5' ? { kind: 'challenge', data: 'PDE+' } : failure(`bad digest ${sent}`),
    );
    expect((await failed(logInBy('CRAM-MD5', carries))).message).toBe(
      'user cyrus: login with CRAM-MD5 refused: bad digest ***',
    );
  });
});
