// What doctor says of Sendmail, on Sendmail itself: sendmail -bv agrees with a good host, each planted mistake is found,
// and gone when the line that doctor gives stands in the .mc file.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askSendmail } from '../../src/doctor/ask-sendmail.js';
import { checkMailer } from '../../src/doctor/check-mailer.js';
import type { Finding } from '../../src/doctor/finding.js';
import type { RunProgram } from '../../src/doctor/run-program.js';
import { parseSendmailCf } from '../../src/doctor/sendmail-cf.js';
import { EMPTY_TABLES } from '../containers/sendmail.js';
import { pictureOf } from '../unit/doctor/good-host.js';
import { SendmailRig } from './sendmail-rig.js';

const CF = '/etc/mail/tried.cf';
const MAILERS = "MAILER(`cyrusv2')\nMAILER(`cyrusv2d')\n";

let rig: SendmailRig;
let good: string;

beforeAll(async () => {
  rig = await SendmailRig.start('mailertable.mc', ['alice@example.jp'], {
    ...EMPTY_TABLES,
    mailertable: 'example.jp\tmrs_cyrus_mailertable:\n',
    virtdomains: 'example.jp\n',
  });
  good = await rig.sendmail.exec('cat', '/etc/mail/sendmail.mc');
});
afterAll(async () => rig?.stop());

const run: RunProgram = async (program, args) => ({
  status: 0,
  output: await rig.sendmail.exec('timeout', '60', program, ...args),
  errors: '',
});

/** Of a Sendmail that is built of this .mc file. */
async function findings(mc: string): Promise<Finding[]> {
  const tree = '/usr/share/sendmail/cf';
  const build = `printf '%s' "$1" >/etc/mail/tried.mc && m4 -D_CF_DIR_=${tree}/ ${tree}/m4/cf.m4 /etc/mail/tried.mc >${CF}`;
  await rig.sendmail.exec('sh', '-c', build, 'sh', mc);
  const cf = parseSendmailCf(CF, await rig.sendmail.exec('cat', CF));
  const { sendmail, ...others } = pictureOf({});
  if (sendmail === undefined) throw new Error('no Sendmail');
  const missingClassFiles: { name: string; path: string; line: number }[] = [];
  for (const [name, { required }] of cf.classes) {
    for (const each of required) {
      const there = await rig.sendmail.exec('sh', '-c', `test -e ${each.path} && echo yes || true`);
      if (there.trim() !== 'yes') missingClassFiles.push({ name, ...each });
    }
  }
  const tried = { ...sendmail, cf, program: 'sendmail', missingClassFiles };
  const sendmailSaid = await askSendmail(tried, 'alice@example.jp', 'example.jp', run, []);
  return checkMailer({ ...others, sendmail: tried, sendmailSaid });
}

const checks = (found: readonly Finding[]) => found.map(({ check }) => check);

/** The first line of m4 in a mend. */
function lineOf(found: Finding | undefined): string {
  return /(?:define|MAILER)\(.*?'\)/.exec(found?.mend ?? '')?.[0] ?? '';
}

describe('doctor, by sendmail -bv,', () => {
  test('agrees with a good host', async () => {
    expect(await findings(good)).toEqual([]);
  });

  test('finds that there is no mailer for Cyrus', async () => {
    const mc = good.replace(MAILERS, '');
    const found = await findings(mc);
    expect(checks(found)).toEqual(['sendmail.nomailer']);
    expect(await findings(`${mc}${lineOf(found[0])}\n`)).toEqual([]);
  });

  test('finds a class file that is not there', async () => {
    const mc = (path: string) =>
      good.replace(
        "FEATURE(`mailertable')",
        `define(\`confCW_FILE', \`${path}')\nFEATURE(\`use_cw_file')\n$&`,
      );
    const found = await findings(mc('/etc/mail/nowhere'));
    expect(checks(found)).toEqual(['sendmail.classfile']);
    expect(lineOf(found[0])).toBe("define(`confCW_FILE', `-o /etc/mail/nowhere')");
    expect(await findings(mc('-o /etc/mail/nowhere'))).toEqual([]);
  });

  test('finds quotes in the mechanisms', async () => {
    const mc = (define: string) => good.replace("FEATURE(`mailertable')", `${define}\n$&`);
    const found = await findings(mc("define(`confAUTH_MECHANISMS', 'SCRAM-SHA-256 PLAIN')"));
    expect(checks(found)).toEqual(['sendmail.mechanisms']);
    expect(await findings(mc(lineOf(found[0])))).toEqual([]);
  });

  test('finds a mailer that is defined twice, and without arguments', async () => {
    const found = await findings(`${good}Mcyrusv2d, P=[IPC], F=lsDFMnqXz1m\n`);
    expect(checks(found)).toEqual(['sendmail.mailertwice']);
  });

  test('finds mail that goes past Cyrus, for who exists and for who does not', async () => {
    const found = await findings(good.replace("FEATURE(`mailertable')\n", ''));
    expect(checks(found)).toEqual(['sendmail.astray', 'sendmail.accepts']);
  });

  test("tells Sendmail's own words where it does not start", async () => {
    const found = await findings(`${good}Onosuchoption=1\nR$*\n`);
    expect(checks(found)).toEqual(['sendmail.broken']);
    expect(found[0]?.what).toContain('line ');
  });
});
