// Faults of what is between the daemon and lmtpd: what the proxy does to the bytes, and names that cannot be looked up.
import type { Harm } from '../lmtp-proxy.js';
import type { Fault } from './fault.js';

const part = 'the wire';

function harmed(name: string, harm: Harm, lasts: Fault['lasts']): Fault {
  return {
    name,
    part,
    lasts,
    begin: ({ proxy }, random) => {
      proxy.harm(harm, random);
      return Promise.resolve(() => proxy.heal());
    },
  };
}

export const WIRE_FAULTS: readonly Fault[] = [
  harmed('delay (20 to 400 ms a chunk)', 'delay', [500, 1_500]),
  harmed('cut within replies', 'cut', [500, 1_500]),
  harmed('bytes corrupted', 'corrupt', [500, 1_500]),
  harmed('replies duplicated', 'duplicate', [500, 1_500]),
  harmed('black hole', 'black hole', [500, 1_500]),
  harmed('drip (a byte in 10 ms)', 'drip', [500, 1_500]),
  harmed('connections refused', 'refuse', [300, 1_000]),
  {
    name: 'DNS gone',
    part,
    suits: ({ byName }) => byName,
    lasts: [500, 1_500],
    begin: ({ room, proxy }, random) => {
      room.loseNames(random.pick(['refuses', 'silent']));
      proxy.cut();
      return Promise.resolve(() => room.findNames());
    },
  },
];
