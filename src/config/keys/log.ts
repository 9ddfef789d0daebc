// The keys of [log]. Descriptions; no I/O.
import { key, type Keys, type Table } from '../key.js';
import { absolutePath, choice, integer } from '../kinds.js';

const KEYS = {
  level: key(choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), {
    default: 'info',
    since: '0.1.0',
    text: 'Refused and deferred recipients are logged at info, accepted ones at debug.',
  }),
  format: key(choice('auto', 'text', 'json', 'journal'), {
    default: 'auto',
    since: '0.1.0',
    text: 'How a line looks: "text" is for people, "json" for programs, and "journal" is text with the priority in front that journald takes. With "auto" it is text on a terminal, journal where journald reads, and else json.',
  }),
  file: key(absolutePath(), {
    unset: 'standard error',
    example: '/var/log/cyrusmapd.log',
    since: '0.1.0',
    text: 'Opened again at `SIGHUP`.',
  }),
  max_pending_bytes: key(integer(65_536, 67_108_864, 'bytes'), {
    default: 1_048_576,
    since: '0.1.0',
    text: 'Log lines that wait for a slow disk; beyond it they are dropped and counted, and mail goes on.',
  }),
  max_bytes_per_second: key(integer(4096, 1_073_741_824, 'bytes'), {
    default: 262_144,
    since: '0.1.0',
    text: 'Bytes of log in a second. Lines of level info, debug and trace beyond it are counted, and told of in one line, `log-limited`; warnings and errors are always written.',
  }),
  max_refused_per_second: key(integer(1, 1_000_000, 'lines'), {
    default: 100,
    since: '0.1.0',
    text: 'Lines about refused and deferred recipients in a second. Those beyond, as in a dictionary attack, are counted, and told of in one line, `unlogged`.',
  }),
} satisfies Keys;

export const LOG = {
  title: 'The log',
  text: 'One event a line: a verb and its fields, see cyrusmapd-log(5). What a stranger wrote is cut after 256 bytes.',
  keys: KEYS,
} satisfies Table<Keys>;
