// What the imapd.conf of a Cyrus on this machine says, for tests of its clock and of its list.
import type { CyrusHost } from '../../../src/config/config.js';

export const CYRUS_HOST: CyrusHost = {
  imapdConf: '/etc/imapd.conf',
  named: true,
  files: [],
  list: { path: '/var/imap/mailboxes.db', kind: 'twoskip' },
  userDeny: undefined,
  mupdate: false,
  fuzzy: false,
  catchAll: false,
  beyondList: [],
  lmtpSockets: [],
  differences: [],
};
