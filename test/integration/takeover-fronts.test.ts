// A takeover where mail servers do not ask at the socketmap's UNIX socket: the policy service, and TCP where the runtime can share
// a port. Nobody who asks meanwhile hears that it is not known now.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import { SHARES_PORTS } from '../../src/net/shared-port.js';
import { asking, Load, NO_FAULTS, TakeoverRig, type Asking } from './takeover-rig.js';

const TAKEOVERS = Number(process.env['TAKEOVERS'] ?? 3);
const TIMEOUT_MS = 60_000 + TAKEOVERS * 6_000;
/** Some sessions last over several takeovers. */
const LIVES = [1, 3, 30, 100, 400];

let rig: TakeoverRig;
beforeEach(async () => {
  rig = await TakeoverRig.start();
});

/** @param connecting where the mail servers ask */
async function unnoticed(connecting?: () => Promise<Asking>): Promise<Load> {
  let old = await rig.serve();
  const load = new Load(rig, LIVES, connecting);
  for (let nth = 0; nth < TAKEOVERS; nth++) {
    const next = await rig.takeOver();
    await next.said('takeover-complete');
    expect(await next.said('takeover')).toMatchObject({ pid: old.child.pid });
    old = next;
  }
  await load.end();
  expect(load.faults.asked).toBeGreaterThan(TAKEOVERS * 50);
  return load;
}

test(
  `of the policy service is not noticed, ${TAKEOVERS} times in a row`,
  { timeout: TIMEOUT_MS },
  async () => {
    rig.configure(`[policy]\nlisten = ["unix:${rig.path('policy')}"]\n`);
    expect((await unnoticed(policySession)).faults).toMatchObject(NO_FAULTS);
  },
);

test.runIf(SHARES_PORTS)(
  `of a TCP port is not noticed, ${TAKEOVERS} times in a row`,
  { timeout: TIMEOUT_MS },
  async () => {
    const port = `inet:${await freePort()}@127.0.0.1`;
    rig.configure('', '', undefined, [port]);
    const { faults } = await unnoticed(() => asking(rig.connect(port)));
    // Who is just connecting when the old process closes its port can be cut off: docs/upgrading.md.
    const { refused, ...others } = faults;
    expect(others).toMatchObject({ deferred: 0, wrong: 0, late: 0 });
    expect(refused).toBeLessThanOrEqual(TAKEOVERS);
    if (process.env['TAKEOVERS'] !== undefined) process.stderr.write(`${JSON.stringify(faults)}\n`);
  },
);

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** As Postfix asks. */
async function policySession(): Promise<Asking> {
  const socket = connect(rig.path('policy')).setEncoding('latin1');
  await once(socket, 'connect');
  const chunks: AsyncIterator<unknown, unknown> = socket[Symbol.asyncIterator]();
  return {
    ask: async (recipient) => {
      const lines = ['request=smtpd_access_policy', 'protocol_state=RCPT', `recipient=${recipient}`];
      socket.write(`${lines.join('\n')}\n\n`);
      let text = '';
      while (!text.endsWith('\n\n')) {
        const { value, done = false } = await chunks.next();
        if (done) throw new Error('the connection was closed');
        text += String(value);
      }
      return statusOf(text.trim());
    },
    close: () => socket.destroy(),
  };
}

function statusOf(action: string): string {
  if (action === 'action=DUNNO') return 'OK';
  return action === 'action=550 5.1.1 User unknown' ? 'NOTFOUND' : 'TEMP';
}
