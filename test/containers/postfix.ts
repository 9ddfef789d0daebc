// A real Postfix in a container (docker/postfix), with the main.cf that the test gives it as text. As Debian has it, its
// SMTP server runs in a chroot: the sockets' paths are relative to its queue directory.

import { MailServer } from './mail-server.js';

export interface PostfixOptions {
  /** Of Debian: `bookworm` has 3.7, `trixie` 3.10. */
  readonly suite?: 'bookworm' | 'trixie';
  /** The text of main.cf. */
  readonly main: string;
  /** Folder with the daemon's socket; `cyrusmapd` inside. */
  readonly mapFolder?: string;
  /** Folder with the socket of lmtpd; `cyrus` inside. */
  readonly lmtpFolder?: string;
}

/**
 * A host whose virtual domains go to lmtpd. Paths of sockets are relative to the queue directory, which is also the root of the
 * chroot.
 * @param more further parameters, each `name = value`
 */
export function mainCf(...more: readonly string[]): string {
  return [
    'myhostname = mx.mail.test',
    'mydestination = mx.mail.test',
    'mynetworks = 127.0.0.1',
    'inet_protocols = ipv4',
    'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination',
    'recipient_delimiter = +',
    'virtual_transport = lmtp:unix:cyrus/lmtp',
    ...more,
    '',
  ].join('\n');
}

export function startPostfix({
  suite = 'bookworm',
  main,
  mapFolder,
  lmtpFolder,
}: PostfixOptions): Promise<MailServer> {
  return MailServer.start({
    image: `cyrusmapd/postfix:${suite}`,
    files: { '/etc/postfix/main.cf': main },
    mounts: [
      { source: mapFolder, target: '/var/spool/postfix/cyrusmapd' },
      { source: lmtpFolder, target: '/var/spool/postfix/cyrus' },
    ],
    command: (port) => [`127.0.0.1:${port}`],
  });
}
