// The keys of [events]: what Cyrus pushes. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { duration, flag, hostName, list, unixEndpoint } from '../kinds.js';
import { socketFile } from './socket-file.js';
import { backchannelName } from './backchannel.js';

const KEYS = {
  listen: key(unixEndpoint(), {
    unset: 'no events',
    example: 'unix:/var/run/cyrusmapd-events/socket',
    since: '0.1.0',
    text: 'Where Cyrus tells them, in a folder that nobody else can write.',
  }),
  ...socketFile({
    of: 'socket',
    group: 'cyrus',
    notes: { group: ": Cyrus' user must be able to write to it." },
  }),
  quota: key(flag(), {
    default: false,
    since: '0.1.0',
    text: 'Whether `event_groups` has `quota` too. Cyrus 3.2 to 3.12 die of such events.',
  }),
  negative_ttl: key(duration('1s', '300s'), {
    default: '30s',
    since: '0.1.0',
    text: 'A mailbox that Cyrus denied.',
  }),
  backchannels: key(list(backchannelName(), 'names of back-channels', 1), {
    unset: 'those on this machine, or all where there is one Cyrus only',
    example: ['cyrus'],
    since: '0.1.0',
    text: 'The back-channels of the Cyrus that pushes them. Another one is not believed as if it told of its changes.',
  }),
  server_names: key(list(hostName(), 'server names', 1), {
    unset: 'those of any server are taken',
    example: ['mail.example.jp'],
    since: '0.1.0',
    text: 'The servers that push them, by `servername` of imapd.conf(5), which stands in each event. Another one is told of once, and each of its events makes everything known be asked anew.',
  }),
  forward: key(unixEndpoint(), {
    unset: 'nobody gets it',
    example: 'unix:/var/run/notifyd',
    since: '0.1.0',
    text: 'Another dlist socket, which gets what is no mailbox event.',
  }),
} satisfies Keys;

export const EVENTS = {
  title: 'Events that Cyrus pushes',
  text: 'The events that Cyrus pushes, with these lines in imapd.conf(5): `event_notifier: external`, `event_groups: mailbox`, and `notifysocket: dlist:` with the path of the socket. An existing mailbox is then believed for two snapshot intervals, since Cyrus tells of each change.',
  keys: KEYS,
} satisfies Table<Keys>;
