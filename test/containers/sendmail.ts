// A real Sendmail in a container (docker/sendmail), with the configuration that the test gives it as text.

import { posix } from 'node:path';
import { MailServer } from './mail-server.js';

type SendmailSuite = 'bookworm' | 'trixie';

export interface SendmailOptions {
  /** The text of sendmail.mc. */
  readonly mc: string;
  /** Debian's, and with it Sendmail's version: bookworm (8.17.1, the default) or trixie (8.18). */
  readonly suite?: SendmailSuite;
  /** The m4 files: the stock ones with ours (the default), or as FreeBSD's port has them. */
  readonly tree?: 'stock' | 'port';
  /** More files by name, in /etc/mail where it is relative: tables, aliases, Sendmail.conf. */
  readonly files?: Readonly<Record<string, string>>;
  /** Folder with the daemon's socket. */
  readonly mapFolder?: string;
  /** Where it is inside: /run/cyrusmapd by default. */
  readonly mapTarget?: string;
  /** Folder with the socket of lmtpd. */
  readonly lmtpFolder?: string;
  /** Where it is inside: /run/cyrus/socket by default. */
  readonly lmtpTarget?: string;
  /** More folders of this machine, and where they are inside. */
  readonly mounts?: readonly { readonly source: string; readonly target: string }[];
  /** More options of sendmail, such as `-O`, `DeliveryMode=queue`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** For `files`: every table that our mc files name, with nothing in it. */
export const EMPTY_TABLES = Object.freeze({
  mailertable: '',
  virtdomains: '',
  access: '',
  virtusertable: '',
  virtaliases: '',
  aliases: 'root: /dev/null\n',
});

export function startSendmail(options: SendmailOptions): Promise<MailServer> {
  const files = Object.entries({ 'sendmail.mc': options.mc, ...options.files });
  return MailServer.start({
    image: `cyrusmapd/sendmail:${options.suite ?? 'bookworm'}`,
    files: Object.fromEntries(files.map(([name, content]) => [posix.resolve('/etc/mail', name), content])),
    mounts: [
      { source: options.mapFolder, target: options.mapTarget ?? '/run/cyrusmapd' },
      { source: options.lmtpFolder, target: options.lmtpTarget ?? '/run/cyrus/socket' },
      ...(options.mounts ?? []),
    ],
    environment: { CF_TREE: options.tree ?? 'stock', ...options.environment },
    command: (port) => [
      '-O',
      `DaemonPortOptions=Name=test, Family=inet, Addr=127.0.0.1, Port=${port}`,
      ...(options.flags ?? []),
    ],
  });
}
