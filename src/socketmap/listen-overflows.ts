// Notices that the kernel may have dropped the end of a TCP handshake because its queue was full. On Linux the mail server then
// believes that it is connected; the kernel lets it in up to a minute later, when one of the two has sent something again, and its
// question is as old by then (tcp_check_req(), while tcp_abort_on_overflow is 0). Other systems send a RST. Reads a file of /proc.
import { readFileSync } from 'node:fs';

/** Then the listener is opened anew, which refuses those whom the kernel still holds half open. Far below Sendmail's 30 s. */
const RENEW_AFTER_MS = 10_000;

export class ListenOverflows {
  readonly #read: () => number | undefined;
  #count: number | undefined;
  #readAt: number;
  #since: number | undefined;

  /** @param read the count of overflows of this host; undefined where there is none */
  constructor(read: () => number | undefined, now: number) {
    this.#read = read;
    this.#count = read();
    this.#readAt = now;
  }

  /** Since when a TCP connection that is accepted now may have been connected; undefined where no queue has overflowed. */
  get since(): number | undefined {
    return this.#since;
  }

  /**
   * Called every second, before anybody is accepted in that turn.
   * @returns whether the listeners should be opened anew
   */
  sweep(now: number): boolean {
    const count = this.#read();
    if (count !== this.#count) this.#since ??= this.#readAt;
    this.#count = count;
    this.#readAt = now;
    return now - (this.#since ?? Infinity) >= RENEW_AFTER_MS;
  }

  /** The listeners were opened anew: nobody is half open any more. */
  renewed(): void {
    this.#since = undefined;
  }
}

/** ListenOverflows of TcpExt, of this network namespace. By /proc/self, since ProcSubset=pid of systemd hides the rest. */
export function linuxOverflows(file = '/proc/self/net/netstat'): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith('TcpExt: '))
    .map((line) => line.split(' '));
  const value = Number(values[names.indexOf('ListenOverflows')]);
  return Number.isSafeInteger(value) ? value : undefined;
}
