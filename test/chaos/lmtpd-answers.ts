// How long Cyrus itself takes to be there after a fault: until its lmtpd, asked past the wire and the daemon, knows again who exists.
import { connect, type NetConnectOpts } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const ATTEMPT_EVERY_MS = 10;
const ATTEMPT_MS = 500;
/** After that it does not come back. */
const PATIENCE_MS = 60_000;

/**
 * @param address of a mailbox that exists
 * @returns milliseconds from the call on; Infinity where it does not answer
 */
export async function untilLmtpdAnswers(lmtpd: NetConnectOpts, address: string): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < PATIENCE_MS) {
    if (await answers(lmtpd, address)) return performance.now() - began;
    await sleep(ATTEMPT_EVERY_MS);
  }
  return Infinity;
}

function answers(lmtpd: NetConnectOpts, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(lmtpd);
    let heard = '';
    const end = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(ATTEMPT_MS, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (/^250 2\.1\.5/m.test(heard)) end(true);
      else if (/^[45]\d\d /m.test(heard)) end(false);
    });
    socket.write(`LHLO chaos.test\r\nMAIL FROM:<>\r\nRCPT TO:<${address}>\r\nQUIT\r\n`);
  });
}
