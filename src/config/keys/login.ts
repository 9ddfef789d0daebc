// The keys of a back-channel about logging in and TLS, which LMTP and IMAP share. Descriptions; no I/O.
import { key, type Keys } from '../key.js';
import { absolutePath, choice, duration, flag, hostName, list, text } from '../kinds.js';
import { BINDING_TYPES, MECHANISMS } from '../mechanism-names.js';

export const ACCOUNT = text((value) => /^[^\0\r\n]{1,255}$/.test(value), 'an account of Cyrus');

export const LOGIN = {
  user: key(ACCOUNT, {
    unset: 'nobody logs in, as on a UNIX socket of lmtpd and where it is started with `-a`; imap needs it',
    example: 'cyrus',
    since: '0.1.0',
    text: 'Who logs in: for imap one of `admins` in imapd.conf(5). Who is none hears of each mailbox that it does not exist; that is found out at the login, and nobody is asked then.',
  }),
  password_file: key(absolutePath(), {
    unset: 'needed where a user logs in by password',
    example: '/usr/local/etc/cyrusmapd/password',
    since: '0.1.0',
    text: 'Its first line is the password. The file must be closed to others, as with mode 0600 or 0640. It is read at the start, at `SIGHUP`, and where it changed and has stood still for a second.',
  }),
  authorization_id: key(ACCOUNT, {
    unset: 'as who logs in',
    example: 'cyrus',
    since: '0.1.0',
    text: 'As whom to act, where that is not `user`. CRAM-MD5 has no room for it.',
  }),
  mechanisms: key(list(choice(...MECHANISMS), 'login mechanisms', 1), {
    default: MECHANISMS.filter((name) => name !== 'EXTERNAL'),
    since: '0.1.0',
    text: 'The first one that the server offers is taken. "EXTERNAL" is for who has a client certificate and no password.',
  }),
  channel_binding: key(choice(...BINDING_TYPES, 'none'), {
    default: 'tls-unique',
    since: '0.1.0',
    text: 'What ties a login to its TLS connection in a mechanism with -PLUS, so that nobody between can pass it on. The server does not tell which one it takes: Cyrus 3.2 to 3.12 take "tls-unique". "none" where TLS ends before Cyrus; then no -PLUS is used.',
  }),
  plain_anywhere: key(flag(), {
    default: false,
    since: '0.1.0',
    text: 'PLAIN sends the password as it is, and is used in TLS, on loopback and on a UNIX socket only, unless this is set.',
  }),
  login_backoff: key(duration('10s', '1h'), {
    default: '5m',
    since: '0.1.0',
    text: 'After a refused login nobody logs in for so long, so that no account is locked.',
  }),
} satisfies Keys;

export const TLS = {
  tls: key(choice('none', 'starttls', 'implicit'), {
    default: 'none',
    since: '0.1.0',
    text: 'TLS after STARTTLS, or from the first byte on. Where the server offers none, or its certificate cannot be trusted, nobody is asked.',
  }),
  ca_file: key(absolutePath(), {
    unset: 'the authorities that Node knows',
    example: '/usr/local/etc/cyrusmapd/ca.pem',
    since: '0.1.0',
    text: "The certificates, in PEM, of whom is trusted: authorities, or the server's own.",
  }),
  server_name: key(hostName(), {
    unset: 'the host of `endpoint`',
    example: 'mail.example.jp',
    since: '0.1.0',
    text: 'Which the certificate must be for.',
  }),
  client_cert: key(absolutePath(), {
    unset: 'no certificate of our own',
    example: '/usr/local/etc/cyrusmapd/cert.pem',
    since: '0.1.0',
    text: 'Our own certificate, in PEM.',
  }),
  client_key: key(absolutePath(), {
    unset: 'no certificate of our own',
    example: '/usr/local/etc/cyrusmapd/key.pem',
    since: '0.1.0',
    text: 'Its key, without passphrase; the file must be closed to others.',
  }),
  tls_min_version: key(choice('1.2', '1.3'), {
    default: '1.2',
    since: '0.1.0',
    text: 'The oldest TLS that will do.',
  }),
} satisfies Keys;
