// What doctor says on a host of Sendmail's, 8.17 and 8.18: nothing of a good one; each planted mistake; and nothing again when
// was done what doctor said, after which Sendmail starts, and takes and refuses whom it should.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SendmailHost, type Found } from '../containers/sendmail-host.js';
import { apply } from '../mends/administrator.js';
import { PROVEN } from '../mends/proven.js';
import { add, MISTAKES } from './doctor-sendmail-mistakes.js';

describe.each(['bookworm', 'trixie'] as const)('doctor, on Sendmail of %s,', (suite) => {
  let host: SendmailHost;

  beforeAll(async () => {
    host = await SendmailHost.start(suite);
  });
  beforeEach(() => host.restore());
  afterAll(() => host?.stop());

  const checks = async (): Promise<string[]> => (await host.doctor()).map(({ check }) => check);

  test('is silent on a good host', async () => {
    expect(await host.doctor()).toEqual([]);
    expect(await host.answers()).toEqual(['250 2.1.5', '550 5.1.1']);
  });

  test.each(MISTAKES)(
    'finds $check: $what, and mends it',
    async ({ check, plant, mend = follow, more = [] }) => {
      await plant(host);
      const found = await host.doctor();
      expect(found.map((each) => each.check)).toEqual([check, ...more]);
      if (found[0] !== undefined) await mend(host, found[0]);
      expect(await host.doctor()).toEqual([]);
      expect(await host.answers()).toEqual(['250 2.1.5', '550 5.1.1']);
    },
  );

  test('finds mail that goes past Cyrus, and its command shows where', async () => {
    await add('/etc/mail/virtusertable', '@example.jp\tdaemon')(host);
    expect(await checks()).toEqual(['sendmail.astray']);
    const [found] = await host.doctor();
    const command = /echo .* -bt/.exec(found?.mend ?? '')?.[0] ?? 'false';
    expect(await host.run(command)).toMatch(/returns: \$# local/);
  });

  test("tells Sendmail's own words where it does not start", async () => {
    await host.run("printf 'Onosuchoption=1\\nR$*\\n' >>/etc/mail/sendmail.cf");
    const found = await host.doctor();
    expect(found.map(({ check }) => check)).toEqual(['sendmail.broken']);
    expect(found[0]?.what).toContain('line ');
  });

  test('has done each mend that is said to be proven here', () => {
    const done = new Set(MISTAKES.map(({ check }) => check));
    expect([...done].sort()).toEqual([...PROVEN['system/doctor-sendmail']].sort());
  });
});

function follow(host: SendmailHost, { mend }: Found): Promise<void> {
  return apply(mend, host);
}
