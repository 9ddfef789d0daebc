// A real primary and its replica, whose replication has stopped: while the primary is away, who had arrived at the replica is found
// there, and who had not is deferred, though the replica denies him.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMIN, PASSWORD, startCyrus, type CyrusContainer } from '../containers/cyrus.js';
import { openDecider, type Decider } from '../containers/decider.js';

const DOMAIN = 'example.jp';
const WHO = ['old', 'made-since', 'nobody'];

let primary: CyrusContainer;
let replica: CyrusContainer;
let decider: Decider;

beforeAll(async () => {
  // sync_client of 3.6 gives up where SCRAM is offered.
  const login = { sasl_mech_list: 'PLAIN' };
  replica = await startCyrus({ imapd: login });
  const sync = {
    sync_host: replica.address,
    sync_port: '143',
    sync_try_imap: 'yes',
    sync_authname: ADMIN,
    sync_password: PASSWORD,
  };
  primary = await startCyrus({ image: 'replica', imapd: { ...login, ...sync } });
  const admin = await primary.admin();
  for (const user of ['canary', 'old']) {
    await admin.create(inbox(user));
    await primary.exec(['/usr/lib/cyrus/bin/sync_client', '-u', `${user}@${DOMAIN}`], 'cyrus');
  }
  // Nobody replicates from now on.
  await admin.create(inbox('made-since'));
});
afterAll(() => Promise.all([primary?.stop(), replica?.stop()]));

beforeEach(async () => {
  decider = await openDecider(
    `
    domains = { "*" = "a" }
    [backchannel.a]
    type = "lmtp"
    endpoint = "${primary.lmtpUnix}"
    canary = "canary@${DOMAIN}"
    second = "b"
    backoff_max = "1s"
    [backchannel.b]
    type = "lmtp"
    endpoint = "${replica.lmtpUnix}"
    canary = "canary@${DOMAIN}"
    replica = true
    [lookup]
    deadline = "2s"`,
    true,
  );
  return () => decider.close();
});

test('while the primary is there, its word counts', async () => {
  expect(await kinds()).toEqual(['deliverable', 'deliverable', 'unknown']);
});

test('while it is away, who has arrived at the replica is found, and who has not is deferred', async () => {
  expect(await rcptAtReplica('made-since')).toMatch(/^550/);
  await primary.stopMaster();
  for (let round = 0; round < 10; round++) {
    expect(await kinds()).toEqual(['deliverable', 'deferred', 'deferred']);
    await pause(50);
  }
});

async function rcptAtReplica(user: string): Promise<string> {
  return (await replica.deliver(`${user}@${DOMAIN}`)).rcpt;
}

async function kinds(): Promise<string[]> {
  const outcomes = await Promise.all(WHO.map((user) => decider.ask(`${user}@${DOMAIN}`)));
  return outcomes.map(({ verdict }) => verdict.kind);
}

function inbox(user: string): string {
  return `user/${user}@${DOMAIN}`;
}
