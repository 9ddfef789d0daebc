// What --demo runs: a list with a few mailboxes of example.jp, for a first look. It serves that domain alone, so
// whoever asks about another one is deferred and not refused. No I/O.
import { packageFile } from '../package.js';

export const BUILT_IN_DOMAIN = 'example.jp';
export const BUILT_IN_ENDPOINT = 'inet:7860@127.0.0.1';

/** The control socket, where none is configured and its folder exists. */
export const DEFAULT_CONTROL = { kind: 'unix', path: '/var/run/cyrusmapd/control' } as const;

/** In the package, beside the sample configuration. */
export const BUILT_IN_LIST = packageFile('rc.d/mailboxes.sample');

/** Written as in the file. */
export const BUILT_IN = {
  socketmap: { listen: [BUILT_IN_ENDPOINT] },
  backchannel: { demo: { type: 'list', file: BUILT_IN_LIST } },
  domains: { [BUILT_IN_DOMAIN]: 'demo' },
};

/** The listener alone: --list, --lmtp or --imap adds a back-channel, which then serves every domain. */
export const BUILT_IN_LISTENER = { socketmap: BUILT_IN.socketmap };
