// What goes wrong on a Debian host with Postfix: each mistake by the command that plants it, for doctor to find.

type Mistake = {
  readonly check: string;
  readonly plant: string;
  /** What is done where the mend is no step that a program could follow. */
  readonly mend?: (said: string) => string;
  readonly flags?: string;
  /** Findings before it that follow from it. */
  readonly more?: readonly string[];
};

/** Postfix waits a second each time that it reads a main.cf which has just been written: as if it had been written before. */
export const MAIN_CF_OF_BEFORE = "touch -d '1 minute ago' /etc/postfix/main.cf";

/** Undoes what was planted. */
export const GOOD_AGAIN = `cp -a doctor/postfix/. /etc/postfix/; cat doctor/cyrusmapd.toml >/etc/cyrusmapd.toml
if ! cmp -s doctor/imapd.conf /etc/imapd.conf; then cat doctor/imapd.conf >/etc/imapd.conf; systemctl restart cyrus-imapd; fi
systemctl start cyrus-imapd; systemctl reset-failed cyrusmapd || true; systemctl restart cyrusmapd; systemctl reload postfix`;

export const MISTAKES: readonly Mistake[] = [
  { check: 'postfix.map', plant: "postconf -e 'virtual_mailbox_maps = static:x'" },
  {
    check: 'postfix.proxy',
    plant: "postconf -e 'virtual_mailbox_maps = proxy:socketmap:unix:cyrusmapd/socketmap:cyrus'",
  },
  {
    check: 'postfix.endpoint',
    plant: "postconf -e 'virtual_mailbox_maps = socketmap:unix:/run/cyrusmapd/socketmap:cyrus'",
  },
  {
    check: 'postfix.endpoint',
    plant: `sed -i s,/var/spool/postfix/cyrusmapd,/run/cyrusmapd, /etc/cyrusmapd.toml; systemctl restart cyrusmapd`,
    more: ['postfix.endpoint'],
  },
  { check: 'postfix.silent', plant: "postconf -e 'virtual_mailbox_maps = socketmap:inet:127.0.0.1:7:cyrus'" },
  { check: 'postfix.class', plant: "postconf -e 'mydestination = mx.rig.test, example.jp'" },
  {
    check: 'postfix.class',
    plant: "postconf -e 'virtual_mailbox_domains = example.jp' 'relay_domains = example.jp'",
  },
  { check: 'postfix.transport', plant: "postconf -e 'virtual_transport = virtual'" },
  { check: 'postfix.lmtpchroot', plant: 'postconf -F lmtp/unix/chroot=y' },
  { check: 'postfix.unlisted', plant: "postconf -e 'smtpd_reject_unlisted_recipient = no'" },
  {
    check: 'postfix.group',
    plant: "sed -i '/^socket_group/d' /etc/cyrusmapd.toml; systemctl restart cyrusmapd",
  },
  { check: 'postfix.folder', plant: 'chmod 0700 /var/spool/postfix/cyrusmapd' },
  { check: 'socket.silent', plant: 'systemctl stop cyrusmapd' },
  {
    check: 'backchannel.down',
    plant: 'systemctl stop cyrus-imapd',
    mend: (said) => (said.startsWith('start Cyrus') ? 'systemctl start cyrus-imapd' : 'false'),
  },
  {
    check: 'backchannel.elsewhere',
    plant:
      'sed -i s,/run/cyrus/socket/lmtp,/run/cyrus/lmtp, /etc/cyrusmapd.toml; systemctl restart cyrusmapd',
    more: ['backchannel.down'],
  },
  {
    check: 'backchannel.catchall',
    plant: 'echo "lmtp_catchall_mailbox: alice@example.jp" >>/etc/imapd.conf; systemctl restart cyrus-imapd',
    flags: '--imapd-conf /root/doctor/imapd.conf',
    mend: (said) =>
      `sed -i /${/^take (\w+) out/.exec(said)?.[1] ?? '^'}/d /etc/imapd.conf; systemctl restart cyrus-imapd`,
  },
];
