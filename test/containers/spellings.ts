// An lmtpd for each way in which Cyrus may be set up to read addresses: all in one container, over one list of mailboxes,
// each with an imapd.conf of its own. And what each of them says of an address.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { SPELLED_MAILBOXES, SPELLING_SETUPS } from '../fakes/spelling-model.js';
import type { CyrusContainer } from './cyrus.js';

/** Makes the mailboxes, and starts an lmtpd for each setup. @returns the paths of their sockets, in that order */
export async function startSpellings(cyrus: CyrusContainer): Promise<readonly string[]> {
  const admin = await cyrus.admin();
  for (const name of SPELLED_MAILBOXES) await admin.create(`user/${name}`);
  await admin.close();
  const steps = SPELLING_SETUPS.flatMap((setup, index) => {
    const conf = `/etc/${nameOf(index)}.conf`;
    const lines = Object.entries(setup).map(([key, value]) => `'${key}: ${value}'`);
    const others = `grep -vE '^(${Object.keys(setup).join('|')}):' /etc/imapd.conf`;
    const service = `${nameOf(index)} cmd="lmtpd -C ${conf}" listen="/run/cyrus/socket/${nameOf(index)}" maxchild=4`;
    return [
      `{ ${others}; printf '%s\\n' ${lines.join(' ')}; } >${conf}`,
      `sed -i '/^SERVICES/a\\  ${service}' /etc/cyrus.conf`,
    ];
  });
  const opened = SPELLING_SETUPS.map(
    (_, index) => `while [ ! -S /run/cyrus/socket/${nameOf(index)} ]; do sleep 0.05; done`,
  );
  const script = [...steps, 'kill -HUP "$(cat /run/cyrus/master.pid)"', ...opened].join('\n');
  await cyrus.exec(['timeout', '60', 'sh', '-ec', script]);
  return SPELLING_SETUPS.map((_, index) => `${cyrus.socketFolder}/${nameOf(index)}`);
}

/** The last line of lmtpd's reply to RCPT for each address, all in one transaction. */
export async function repliesTo(
  path: string,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const socket = connect(path);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const reply = async (): Promise<string> => {
    for (;;) {
      const line = await lines.next();
      if (line.done === true) throw new Error(`${path} closed`);
      if (!/^\d{3}-/.test(line.value)) return line.value;
    }
  };
  const replies = new Map<string, string>();
  await reply();
  for (const command of ['LHLO client.test', 'MAIL FROM:<>']) {
    socket.write(`${command}\r\n`);
    await reply();
  }
  for (const address of addresses) {
    socket.write(`RCPT TO:<${address}>\r\n`);
    replies.set(address, await reply());
  }
  socket.destroy();
  return replies;
}

function nameOf(index: number): string {
  return `spell${index}`;
}
