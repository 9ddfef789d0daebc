// What goes wrong on hosts of Sendmail's: each mistake by the change that plants it, for doctor to find.
import { expect } from 'vitest';
import type { Found, SendmailHost } from '../containers/sendmail-host.js';
import { apply } from '../mends/administrator.js';

type Change = (host: SendmailHost) => Promise<unknown> | void;
type Mistake = {
  readonly check: string;
  readonly what: string;
  readonly plant: Change;
  /** Where the mend is no step that a program could follow. */
  readonly mend?: (host: SendmailHost, found: Found) => Promise<unknown> | void;
  /** Findings that follow from it. */
  readonly more?: readonly string[];
};

const MAILERTABLE = '/etc/mail/mailertable';
const FEATURES = '/usr/share/sendmail/cf/feature';

export const MISTAKES: readonly Mistake[] = [
  {
    check: 'sendmail.map',
    what: 'no map of ours',
    plant: mc(/^FEATURE\(`mrs_cyrus'.*\n/m, ''),
  },
  {
    check: 'sendmail.endpoint',
    what: "the map of smmapd's socket",
    plant: cf('/run/cyrusmapd/socketmap', '/var/imap/socket/smmap'),
  },
  { check: 'sendmail.tempfail', what: 'a map without -T', plant: cf(' -T<TMPF> local:', ' local:') },
  { check: 'sendmail.optional', what: 'a map with -o', plant: cf('Kcyrus socket', 'Kcyrus socket -o') },
  { check: 'sendmail.nodefer', what: 'a map with -t', plant: cf('Kcyrus socket', 'Kcyrus socket -t') },
  {
    check: 'sendmail.timeout',
    what: 'a map that waits less than we do',
    plant: cf('Kcyrus socket', 'Kcyrus socket -d3'),
  },
  {
    check: 'sendmail.wrapper',
    what: 'dma in the place of Sendmail',
    plant: (host) => host.write('/etc/mail/mailer.conf', '# mailer.conf(5)\nsendmail\t/usr/libexec/dma\n'),
  },
  {
    check: 'sendmail.classfile',
    what: 'a file of class w that is not there',
    plant: mc(
      "FEATURE(`mailertable')",
      "define(`confCW_FILE', `/etc/mail/local-host-names')\nFEATURE(`use_cw_file')\n$&",
    ),
  },
  {
    check: 'sendmail.classfile',
    what: 'a file of another class',
    plant: mc(/$/, 'LOCAL_CONFIG\nF{Other}/etc/mail/other\n'),
  },
  {
    check: 'sendmail.mechanisms',
    what: 'straight quotes',
    plant: mc("FEATURE(`mailertable')", "define(`confAUTH_MECHANISMS', 'SCRAM-SHA-256 PLAIN')\n$&"),
  },
  {
    check: 'sendmail.mailertwice',
    what: "cyrusv2d of ours beside the port's, by a file of ours that does not know of it",
    plant: async (host) => {
      const port = '/usr/local/share/sendmail/cf/mailer/cyrusv2d.m4';
      await host.run(
        `sed 's/_CYRUS_V2_MAILER_ARGS/_NEVER_/' /usr/share/sendmail/cf/mailer/cyrusv2d.m4 >${port}`,
      );
      await host.build('port');
    },
  },
  {
    check: 'sendmail.nomailer',
    what: 'no MAILER line',
    plant: mc("MAILER(`cyrusv2')\nMAILER(`cyrusv2d')\n", ''),
  },
  {
    check: 'sendmail.accepts',
    what: 'the mrs_cyrus.m4 of a port older than March 2021',
    plant: async (host) => {
      await host.run(`sed -i 's/^R< > \\$\\*.*/R< > $*\t$@ $1/' ${FEATURES}/mrs_cyrus.m4`);
      await host.build();
    },
    mend: async (host, { mend }) => {
      expect(mend).toContain('take mrs_cyrus.m4 of cyrusmapd, and build sendmail.cf anew');
      await host.run(`cp /opt/good/cf/feature/mrs_cyrus.m4 ${FEATURES}/`);
      await host.build();
    },
  },
  {
    check: 'domains.unrouted',
    what: 'a virtual domain without a route',
    plant: add('/etc/mail/virtdomains', 'example.org'),
  },
  {
    check: 'domains.unrouted',
    what: 'no mailertable at all',
    plant: async (host) => {
      await host.run(`echo example.jp >/etc/mail/virtdomains; rm ${MAILERTABLE} ${MAILERTABLE}.db`);
      await host.write(MAILERTABLE, '');
      await mc("FEATURE(`mailertable')\n", '')(host);
    },
  },
  {
    check: 'domains.unaccepted',
    what: 'a route for no virtual domain',
    plant: (host) => host.run('echo example.jp >/etc/mail/virtdomains'),
  },
  {
    check: 'domains.colon',
    what: 'a route without its colon',
    plant: (host) => host.run(`sed -i '/net/s/:$//' ${MAILERTABLE}; ${makemap(MAILERTABLE)}`),
  },
  { check: 'domains.relay', what: 'access with RELAY', plant: add('/etc/mail/access', 'example.jp\tRELAY') },
  {
    check: 'domains.postmaster',
    what: 'no postmaster, who is then created',
    plant: (host) => host.deleteMailbox('postmaster@example.net'),
    mend: (host, { mend }) => host.createMailbox(/^create the mailbox user\/(\S+);/.exec(mend)?.[1] ?? ''),
  },
  {
    check: 'domains.postmaster',
    what: 'no postmaster, who is then somebody',
    plant: (host) => host.deleteMailbox('postmaster@example.net'),
    mend: (host, { mend }) =>
      apply(mend.replace(/^.*?; or /, '').replace('SOMEBODY', 'alice@example.jp'), host),
  },
  {
    check: 'domains.outdated',
    what: 'a table that was not built again',
    plant: (host) => host.run(`touch -d '1 hour ago' ${MAILERTABLE}.db`),
  },
  {
    check: 'domains.outdated',
    what: 'a table that was never built',
    plant: (host) => host.run(`rm /etc/mail/access.db`),
  },
  {
    check: 'sasl.saslauthd',
    what: 'saslauthd, and accounts in sasldb',
    plant: (host) =>
      host.write(
        '/etc/sasl2/Sendmail.conf',
        'pwcheck_method: saslauthd\nsasldb_path: /run/cyrusmapd/sasldb\n',
      ),
  },
  {
    check: 'socket.folder',
    what: 'a folder that its group may write',
    plant: (host) => host.run('chmod g+w /run/cyrusmapd'),
  },
];

/** Changes the .mc file, of which sendmail.cf is built. */
function mc(from: string | RegExp, to: string): Change {
  return replaceIn('/etc/mail/sendmail.mc', from, to);
}

/** Changes sendmail.cf itself. */
function cf(from: string | RegExp, to: string): Change {
  return replaceIn('/etc/mail/sendmail.cf', from, to);
}

function replaceIn(path: string, from: string | RegExp, to: string): Change {
  return async (host) => {
    const text = await host.read(path);
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`${path} has no ${String(from)}`);
    await host.write(path, changed);
  };
}

/** A line, and the database where there is one. */
export function add(path: string, line: string): Change {
  return (host) => host.run(`printf '${line}\\n' >>${path}; test ! -e ${path}.db || ${makemap(path)}`);
}

function makemap(path: string): string {
  return `makemap hash ${path} <${path}`;
}
