#!/usr/bin/env node
// The `cyrusmapd` command: names, flags and exit statuses, and no logic. Each sub-command is loaded when it is
// asked for, since `serve` should be ready soon after a reboot.
import './commands/early-signals.js';
import './commands/node-version.js';
import { Command, CommanderError } from 'commander';
import type { CompareOptions } from './commands/compare.js';
import type { ConfigOptions } from './commands/config.js';
import type { DoctorOptions } from './commands/doctor.js';
import { EX_OK, EX_USAGE, exitStatusOfError } from './commands/exit-status.js';
import type { DumpOptions } from './commands/dump.js';
import type { ControlOptions } from './commands/control.js';
import type { ExplainOptions } from './commands/explain.js';
import type { FlushOptions } from './commands/flush.js';
import type { StatsOptions } from './commands/stats.js';
import type { TailOptions } from './commands/tail.js';
import type { LookupOptions } from './commands/lookup.js';
import type { UpgradeOptions } from './commands/upgrade.js';
import type { Flags } from './config/flags.js';
import { CONFIG_PLACES } from './config/place.js';
import { messageOf } from './errors.js';
import { packageVersion } from './package.js';

const CONFIG = `configuration (TOML), instead of ${CONFIG_PLACES.join(' or ')}`;
const DEMO = 'a list of a few mailboxes, to see how it works';
const ENDPOINT = 'unix:/path, local:/path, inet:PORT@HOST or inet6:PORT@HOST';

const program = new Command('cyrusmapd')
  .description('Tells Sendmail and Postfix over a socketmap whether a mailbox exists in Cyrus IMAP.')
  .helpCommand(false)
  .version(packageVersion())
  .exitOverride();

program
  .command('serve')
  .description('run the daemon in the foreground')
  .option('--config <file>', CONFIG)
  .option('--demo', DEMO)
  .option('--listen <endpoint>', `where to listen, may be repeated: ${ENDPOINT}`, collect)
  .option('--list <file>', 'decide from a list of mailboxes, one a line')
  .option('--lmtp <endpoint>', `ask Cyrus over LMTP: ${ENDPOINT}`)
  .option('--imap <endpoint>', `ask Cyrus over IMAP, in clear: ${ENDPOINT}`)
  .option('--imap-user <name>', 'an administrator of Cyrus')
  .option('--imap-password-file <file>', 'holds his password')
  .option('--canary <address>', 'a mailbox that exists, asked again before an unknown one is believed')
  .option('--events <endpoint>', 'where Cyrus pushes its events (notifysocket): unix:/path')
  .option('--shadow <endpoint>', `another socketmap, asked beside it and compared: ${ENDPOINT}`)
  .option('--shadow-only', 'answer what the other one says')
  .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent')
  .option('--takeover', 'take over from the daemon that runs, without a gap; where none does, start')
  .action(async (flags: Flags) => process.exit(await (await import('./commands/serve.js')).serve(flags)));

program
  .command('lookup')
  .description('ask a running daemon as Sendmail does')
  .argument('<key>', 'such as alice@example.jp')
  .option('--map <name>', 'map name', 'cyrus')
  .option('--config <file>', 'configuration of the daemon, for its first listener')
  .option('--demo', 'asks the demo')
  .option('--server <endpoint>', `where the daemon listens: ${ENDPOINT}`)
  .action(async (key: string, options: LookupOptions) =>
    finish((await import('./commands/lookup.js')).lookup(key, options)),
  );

program
  .command('check')
  .description('decide without a daemon, and print the whole way')
  .argument('<key>', 'such as alice@example.jp')
  .option('--config <file>', CONFIG)
  .option('--demo', DEMO)
  .option('--list <file>', 'decide from a list of mailboxes, one a line')
  .option('--lmtp <endpoint>', `ask Cyrus over LMTP: ${ENDPOINT}`)
  .option('--imap <endpoint>', `ask Cyrus over IMAP, in clear: ${ENDPOINT}`)
  .option('--imap-user <name>', 'an administrator of Cyrus')
  .option('--imap-password-file <file>', 'holds his password')
  .option('--canary <address>', 'a mailbox that exists, asked again before an unknown one is believed')
  .action(async (key: string, flags: Flags) =>
    finish((await import('./commands/check.js')).check(key, flags)),
  );

program
  .command('compare')
  .description('ask two socketmaps about the same addresses, and tell what differs and why')
  .argument('<other>', `the other one, such as smmapd: ${ENDPOINT}`)
  .option('--config <file>', 'configuration of our daemon, for its first listener and its domains')
  .option('--demo', 'compares with the demo')
  .option('--server <endpoint>', `where our daemon listens: ${ENDPOINT}`)
  .option('--addresses <file>', 'an address a line, or the output of dump; - is standard input', collect)
  .option('--mail-log <file>', 'the recipients in a log of Sendmail or Postfix', collect)
  .option('--domains <file>', 'a mailertable or a list of domains, in which names are invented', collect)
  .option('--near-misses', 'invent addresses that are nearly those')
  .option('--map <name>', 'map name', 'cyrus')
  .option('--rate <number>', 'addresses a second at most', '50')
  .option('--max <number>', 'addresses at most', '100000')
  .option('--timeout <seconds>', 'for each answer', '30')
  .option('--json', 'print an object for scripts')
  .action(async (other: string, options: CompareOptions) =>
    finish((await import('./commands/compare.js')).compare(other, options)),
  );

program
  .command('config')
  .description('print the effective configuration, or check that the daemon would start with it')
  .option('--config <file>', CONFIG)
  .option('--demo', DEMO)
  .option('--check', 'print only what would keep the daemon from starting')
  .option('--connect', 'the same, and ask each Cyrus, logged in as the daemon would be')
  .action(async (options: ConfigOptions) => finish((await import('./commands/config.js')).config(options)));

program
  .command('doctor')
  .description('look at the whole set-up of this host, and say what is wrong with it and what mends it')
  .option('--config <file>', CONFIG)
  .option('--sendmail-cf <file>', 'instead of /etc/mail/sendmail.cf')
  .option('--sendmail <program>', 'asked for its compile-time options, instead of /usr/sbin/sendmail')
  .option('--imapd-conf <file>', 'instead of /usr/local/etc/imapd.conf or /etc/imapd.conf')
  .option('--cyrus-conf <file>', 'instead of /usr/local/etc/cyrus.conf or /etc/cyrus.conf')
  .option('--json', 'print an object for scripts')
  .action(async (options: DoctorOptions) => finish((await import('./commands/doctor.js')).doctor(options)));

onControl(program.command('stats'), 'print the counters of the running daemon')
  .option('--json', 'print an object for scripts')
  .option('--watch', 'again and again, with rates')
  .action(async (options: StatsOptions) => finish((await import('./commands/stats.js')).stats(options)));

onControl(program.command('explain'), 'tell what the running daemon believes of a recipient, and why')
  .argument('<key>', 'such as alice@example.jp')
  .option('--ask', 'ask Cyrus too, beside what is remembered')
  .option('--json', 'print an object for scripts')
  .action(async (key: string, options: ExplainOptions) =>
    finish((await import('./commands/explain.js')).explain(key, options)),
  );

onControl(program.command('flush'), 'make the running daemon forget what it remembers')
  .argument('[name]', 'a key such as alice@example.jp, or a domain')
  .option('--negative', 'all that was denied')
  .option('--all', 'everything')
  .action(async (name: string | undefined, options: FlushOptions) =>
    finish((await import('./commands/flush.js')).flush(name, options)),
  );

onControl(program.command('dump'), 'print every mailbox that the running daemon remembers')
  .option('--domain <domain>', 'of this domain only')
  .option('--json', 'an object a line')
  .action(async (options: DumpOptions) => finish((await import('./commands/dump.js')).dump(options)));

onControl(program.command('tail'), 'print the decisions of the running daemon as they are made')
  .option(
    '--verdict <verdict>',
    'only deliverable, unknown, overquota, refused or deferred; or OK, NOTFOUND or TEMP',
  )
  .option('--domain <domain>', 'of this domain only')
  .option('--json', 'an object a line')
  .action(async (options: TailOptions) => finish((await import('./commands/tail.js')).tail(options)));

onControl(
  program.command('reload'),
  'have the running daemon read its configuration anew, and wait for it',
).action(async (options: ControlOptions) => finish((await import('./commands/reload.js')).reload(options)));

program
  .command('upgrade')
  .description('have this program take over from the running daemon, without a gap, and wait for it')
  .option('--config <file>', CONFIG)
  .option('--check', 'only say why it cannot be, if so')
  .option('--or-reload', 'reload instead, where the running daemon is this very program')
  .option('--await <file>', 'only wait for the new process with the pid in this file')
  .option('--timeout <seconds>', 'for the new process to answer', '60')
  .action(async (options: UpgradeOptions) =>
    finish((await import('./commands/upgrade.js')).upgrade(options)),
  );

onControl(program.command('version'), 'print what the running daemon is').action(
  async (options: ControlOptions) => finish((await import('./commands/version.js')).version(options)),
);

onControl(program.command('page'), 'show the running daemon in a browser on this machine').action(
  async (options: ControlOptions) => finish((await import('./commands/page.js')).page(options)),
);

program
  .command('help')
  .description('print this help, or what a command takes')
  .argument('[command]', 'such as lookup')
  .action(help);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EX_OK : EX_USAGE;
  else fail(error);
}

/** As `--help` does. */
function help(name: string | undefined): never {
  if (name === undefined) return program.help();
  const found = program.commands.find((each) => each.name() === name);
  return found === undefined ? program.error(`error: unknown command '${name}'`) : found.help();
}

/** Of a daemon that runs. */
function onControl(command: Command, description: string): Command {
  return command
    .description(description)
    .option('--control <endpoint>', 'its control socket (default: unix:/var/run/cyrusmapd/control)')
    .option('--config <file>', 'configuration of the daemon, for its control socket');
}

/** Standard output may be a slow pipe: the process ends by itself, when nothing is left to write. */
async function finish(status: Promise<number>): Promise<void> {
  process.exitCode = await status;
}

/** Whatever was begun before the error is not waited for. */
function fail(error: unknown): void {
  const lines = messageOf(error).split('\n');
  const status = exitStatusOfError(error);
  process.stderr.on('error', () => process.exit(status));
  process.stderr.write(lines.map((line) => `cyrusmapd: ${line}\n`).join(''), () => process.exit(status));
}

function collect(value: string, former: readonly string[] = []): readonly string[] {
  return [...former, value];
}
