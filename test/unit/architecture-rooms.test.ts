// Two more things about the house, read from its source: which files of a room others may import, and which test holds
// each file. architecture.test.ts has the order of the rooms.
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, parse, readSources, type Import } from './source.js';

/**
 * The doors of each room: the files that others may import. All else in it may be renamed, divided or taken away without a
 * look outside. `*` for a folder that is there to be used, file by file.
 */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  '': ['errors', 'package'],
  admin: ['client', 'open', 'operations'],
  backchannels: [
    'always-accept',
    'build',
    'cyrus-host',
    'list',
    'openers',
    'password-file',
    'rules',
    'tls-files',
  ],
  commands: [
    'check',
    'compare',
    'config',
    'control',
    'doctor',
    'dump',
    'early-signals',
    'exit-status',
    'explain',
    'flush',
    'lookup',
    'node-version',
    'page',
    'reload',
    'serve',
    'stats',
    'tail',
    'upgrade',
    'version',
  ],
  comparison: [
    'answer',
    'compare',
    'facts',
    'gather',
    'judge',
    'open-shadow',
    'other-socketmap',
    'pace',
    'report',
    'shadow',
  ],
  config: [
    'built-in',
    'config',
    'domain-answers',
    'flags',
    'key',
    'load',
    'mechanism-names',
    'murder-servers',
    'place',
    'read',
    'schema',
  ],
  cyrus: ['mailbox-name'],
  'cyrus/conf': ['cyrus-conf', 'imapd-conf', 'read-files', 'settings'],
  'cyrus/events': ['events'],
  'cyrus/imap': ['session'],
  'cyrus/lmtp': ['creation-check', 'session'],
  'cyrus/mailbox-list': [
    'changed-names',
    'clock',
    'directory',
    'key-arena',
    'key-hash',
    'list-reader',
    'listable',
    'names',
    'open-clock',
  ],
  'cyrus/mupdate': ['murder-probe', 'subscription'],
  'cyrus/pool': ['backoff', 'pool', 'session'],
  'cyrus/sasl': ['exchange', 'log-in'],
  'cyrus/sasldb': ['lmdb', 'readers'],
  'cyrus/wire': ['channel-binding', 'connection', 'received-bytes', 'tls', 'trace'],
  'cyrus/witness': ['witness', 'witnessed-ask'],
  daemon: [
    'admin',
    'daemon',
    'host-clock',
    'predecessor',
    'proofs',
    'restart-keys',
    'takeover',
    'takeover-checks',
  ],
  doctor: ['ask', 'check-imapd', 'examine', 'finding', 'look'],
  fleet: ['access', 'fleet', 'survey', 'valkey'],
  log: ['log', 'verb', 'verbs/*'],
  net: ['*'],
  policy: ['action', 'dialect'],
  snapshots: ['snapshots', 'sources'],
  socketmap: ['client', 'dialect', 'lookup', 'open-files', 'protocol', 'server'],
  validation: [
    'age-proof',
    'answers',
    'any-of-probe',
    'belief',
    'deadlines',
    'detail',
    'events-proof',
    'evidence',
    'fallback-probe',
    'joined-proof',
    'outcome',
    'probe',
    'proof',
    'recipient',
    'replica-probe',
    'room',
    'routing',
    'snapshot',
    'validator',
    'vanished',
    'verdict',
    'verdict-cache',
    'vouchers',
  ],
};

/**
 * The tests that hold what has no test of its own name, since it is only seen with the others of its room. One of them has to
 * lead to the file by imports, or says how else it comes to it.
 */
const HELD: readonly { readonly files: RegExp; readonly by: string; readonly how?: string }[] = [
  {
    files: /^src\/(main|package|commands\/[\w-]+)\.ts$/,
    by: 'test/integration/cli.test.ts',
    how: 'runs the program',
  },
  { files: /^src\/admin\/page\//, by: 'test/integration/admin-page.test.ts' },
  { files: /^src\/admin\/[\w-]+\.ts$/, by: 'test/integration/admin-control.test.ts' },
  {
    files: /^src\/admin\/client\.ts$/,
    by: 'test/integration/admin-control.test.ts',
    how: 'runs the program',
  },
  { files: /^src\/backchannels\//, by: 'test/integration/daemon-reload.test.ts' },
  { files: /^src\/client\//, by: 'test/integration/client.test.ts' },
  { files: /^src\/comparison\//, by: 'test/integration/daemon-reload.test.ts' },
  { files: /^src\/comparison\//, by: 'test/unit/comparison/compare.test.ts' },
  {
    files: /^src\/comparison\/(gather|other-socketmap)\.ts$/,
    by: 'test/integration/compare.test.ts',
    how: 'runs the program',
  },
  { files: /^src\/config\//, by: 'test/unit/config/load.test.ts' },
  { files: /^src\/cyrus\/conf\//, by: 'test/unit/cyrus/conf/imapd-conf.test.ts' },
  { files: /^src\/cyrus\/events\//, by: 'test/integration/daemon-events.test.ts' },
  { files: /^src\/cyrus\/imap\//, by: 'test/integration/imap-faults.test.ts' },
  { files: /^src\/cyrus\/mailbox-list\//, by: 'test/integration/host-directory.test.ts' },
  { files: /^src\/cyrus\/mupdate\//, by: 'test/integration/murder.test.ts' },
  { files: /^src\/cyrus\/pool\//, by: 'test/unit/cyrus/pool/pool-rig.ts' },
  { files: /^src\/cyrus\/(sasl|wire)\//, by: 'test/integration/tls.test.ts' },
  { files: /^src\/cyrus\/sasldb\//, by: 'test/integration/doctor-lmdb.test.ts' },
  { files: /^src\/cyrus\/sasldb\//, by: 'test/integration/admin-control.test.ts' },
  { files: /^src\/daemon\//, by: 'test/integration/admin-control.test.ts' },
  { files: /^src\/doctor\//, by: 'test/unit/doctor/mistakes.test.ts' },
  {
    files: /^src\/doctor\/(ask|ask-sendmail|files|look|look-sendmail)\.ts$/,
    by: 'test/integration/doctor.test.ts',
    how: 'runs the program',
  },
  { files: /^src\/fleet\//, by: 'test/property/fleet.test.ts' },
  { files: /^src\/fleet\/keys\.ts$/, by: 'test/unit/fleet/survey.test.ts' },
  { files: /^src\/fleet\/fleet\.ts$/, by: 'test/system/fleet.test.ts', how: 'runs the program' },
  { files: /^src\/log\//, by: 'test/unit/docs/log.test.ts' },
  { files: /^src\/log\//, by: 'test/integration/daemon-reload.test.ts' },
  { files: /^src\/log\//, by: 'test/unit/log/log.test.ts' },
  { files: /^src\/log\/verbs\//, by: 'test/unit/docs/log.test.ts', how: 'loads the whole folder' },
  { files: /^src\/net\//, by: 'test/integration/socketmap-listener.test.ts' },
  { files: /^src\/socketmap\//, by: 'test/integration/socketmap-limits.test.ts' },
  { files: /^src\/socketmap\/client\.ts$/, by: 'test/integration/socketmap-client.test.ts' },
  { files: /^src\/validation\//, by: 'test/property/validator.test.ts' },
  { files: /^src\/validation\//, by: 'test/integration/daemon-reload.test.ts' },
];

const SRC = readSources('src');
const TESTS = readSources('test');
const IMPORTS = SRC.flatMap(importsOf);
const ALL_IMPORTS = [...IMPORTS, ...TESTS.flatMap(importsOf)];
const REACHED = new Map<string, Set<string>>();

describe('a room', () => {
  test('is entered by its doors only', () => {
    expect(IMPORTS.filter(entersBeside).map(({ at, target }) => `${at}: ${target} is no door`)).toEqual([]);
  });

  test('could not be entered beside them', () => {
    const [wrong] = importsOf(parse('src/daemon/x.ts', `// First.\nimport '../cyrus/pool/heap.js';\n`));
    const [right] = importsOf(parse('src/daemon/x.ts', `// First.\nimport '../cyrus/pool/pool.js';\n`));
    const [inside] = importsOf(parse('src/log/x.ts', `// First.\nimport './verbs/log.js';\n`));
    expect([wrong, right, inside].map((each) => each !== undefined && entersBeside(each))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('has no door that nobody uses', () => {
    const used = new Set(
      IMPORTS.filter(({ from, target }) => roomOf(from) !== roomOf(target)).map(({ target }) => target),
    );
    const doors = Object.entries(DOORS).flatMap(([room, names]) =>
      names.filter((name) => !name.endsWith('*')).map((name) => posix.join('src', room, `${name}.ts`)),
    );
    expect(doors.filter((door) => !used.has(door))).toEqual([]);
  });
});

describe('a file of src/', () => {
  test('has a test of its own name, or one that is named here', () => {
    expect(SRC.map(({ path }) => path).filter((path) => !hasOwnTest(path) && !isHeld(path))).toEqual([]);
  });

  test('is named here only while it has no test of its own name', () => {
    const needed = SRC.filter(({ path }) => !hasOwnTest(path));
    expect(HELD.filter(({ files }) => !needed.some(({ path }) => files.test(path)))).toEqual([]);
  });
});

/** A folder of src/, with what is in its folders; each folder of cyrus/ is one of its own. */
function roomOf(path: string): string {
  const folders = posix.dirname(path).split('/').slice(1);
  return folders.slice(0, folders[0] === 'cyrus' ? 2 : 1).join('/');
}

function entersBeside({ from, target }: Import): boolean {
  if (!target.startsWith('src/')) return false;
  const room = roomOf(target);
  if (room === roomOf(from)) return false;
  const name = posix.relative(posix.join('src', room), target).replace(/\.ts$/, '');
  return (DOORS[room] ?? []).every((door) => door !== name && door !== posix.join(posix.dirname(name), '*'));
}

/** `src/x/y.ts` has `test/unit/x/y.test.ts`, or a folder of tests `test/unit/x/y/`, which imports it. */
function hasOwnTest(path: string): boolean {
  const base = path.replace(/^src\//, 'test/unit/').replace(/\.ts$/, '');
  return ALL_IMPORTS.some(
    ({ from, target }) => target === path && (from === `${base}.test.ts` || from.startsWith(`${base}/`)),
  );
}

function isHeld(path: string): boolean {
  return HELD.some(
    ({ files, by, how }) => files.test(path) && (how !== undefined || reachedFrom(by).has(path)),
  );
}

function reachedFrom(path: string): ReadonlySet<string> {
  const known = REACHED.get(path);
  if (known !== undefined) return known;
  const found = new Set<string>();
  REACHED.set(path, found);
  reach(path, found);
  return found;
}

function reach(path: string, found: Set<string>): void {
  for (const { from, target } of ALL_IMPORTS) {
    if (from !== path || found.has(target)) continue;
    found.add(target);
    reach(target, found);
  }
}
