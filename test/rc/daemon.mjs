// A small double of FreeBSD's daemon(8), written after its manual page: as much as rc.d/cyrusmapd asks of it.
// It behaves as that of the FreeBSD in DAEMON_DOUBLE_VERSION: 12.1 has no -H, and removes pid files by their names; 14 and 15
// lose a SIGTERM while they wait to start the child again. The first process checks the pid files, starts the supervisor and
// leaves; the supervisor keeps the child alive.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { parseArgs } from 'node:util';

const RESTART_DELAY_MS = 1000;
const SUPERVISOR = 'DAEMON_DOUBLE_SUPERVISOR';

const VERSION = process.env.DAEMON_DOUBLE_VERSION ?? '13';

if (VERSION === '12.1' && process.argv.slice(2).some((word) => word === '-H')) {
  console.error('daemon: illegal option -- H');
  process.exit(1);
}
if (process.argv.length === 3) {
  console.error('usage: daemon [-cfHrS] … command arguments …');
  process.exit(1);
}

const end = process.argv.findIndex((word, at) => at > 1 && !word.startsWith('-') && !isValue(at));
const { values } = parseArgs({
  args: process.argv.slice(2, end),
  options: {
    c: { type: 'boolean', short: 'c' },
    f: { type: 'boolean', short: 'f' },
    H: { type: 'boolean', short: 'H' },
    r: { type: 'boolean', short: 'r' },
    P: { type: 'string', short: 'P' },
    p: { type: 'string', short: 'p' },
    t: { type: 'string', short: 't' },
    o: { type: 'string', short: 'o' },
    // syslog(3): what is written there is lost in this double.
    l: { type: 'string', short: 'l' },
    T: { type: 'string', short: 'T' },
  },
});
const [command, ...args] = process.argv.slice(end);

if (process.env[SUPERVISOR] === undefined) detach();
else supervise();

/** Whether the word before is an option that takes a value. */
function isValue(at) {
  return /^-[PptoRumsTl]$/.test(process.argv[at - 1] ?? '');
}

function detach() {
  for (const file of [values.P, values.p]) {
    const pid = file === undefined ? undefined : runningPid(file);
    if (pid === undefined) continue;
    console.error(`daemon: process already running, pid: ${pid}`);
    process.exit(3);
  }
  for (const file of [values.P, values.p]) if (file !== undefined) create(file, '');
  const supervisor = spawn(process.execPath, process.argv.slice(1), {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    cwd: values.c ? '/' : process.cwd(),
    env: { ...process.env, [SUPERVISOR]: '1' },
  });
  supervisor.once('message', () => process.exit(0));
  supervisor.once('exit', () => process.exit(1));
}

/** pidfile(3) keeps its file locked; here a live process under our own title stands for the lock. */
function runningPid(file) {
  try {
    const pid = Number(readFileSync(file, 'latin1'));
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('daemon: ') ? pid : undefined;
  } catch {
    return undefined;
  }
}

function create(file, text) {
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    console.error(`daemon: ppidfile \`\`${file}'': ${error.message}`);
    process.exit(2);
  }
}

function supervise() {
  let child;
  let timer;
  let terminated = false;
  let log = openLog();

  process.title = `daemon: ${values.t ?? command}[${process.pid}]`;
  // pidfile(3) keeps them open, and writes to what it opened, whatever its name is by then.
  const files = new Map(
    [values.P, values.p].flatMap((file) => (file === undefined ? [] : [[file, openSync(file, 'w', 0o600)]])),
  );
  write(values.P, process.pid);
  process.on('SIGTERM', () => {
    if (['14', '15'].includes(VERSION) && child === undefined) return;
    terminated = true;
    clearTimeout(timer);
    if (child === undefined) leave(0);
    else child.kill('SIGTERM');
  });
  process.on('SIGHUP', () => {
    if (!values.H) process.exit(129);
    if (log !== undefined) closeSync(log);
    log = openLog();
  });
  start();
  process.send('started');
  process.disconnect();

  function start() {
    const { [SUPERVISOR]: _ours, NODE_CHANNEL_FD: _fd, ...env } = process.env;
    child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    write(values.p, child.pid);
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (bytes) => log !== undefined && appendFileSync(log, bytes));
    }
    child.once('close', () => {
      child = undefined;
      if (terminated || !values.r) leave(0);
      else timer = setTimeout(start, RESTART_DELAY_MS);
    });
  }

  function openLog() {
    return values.o === undefined ? undefined : openSync(values.o, 'a', 0o600);
  }

  function write(file, pid) {
    const descriptor = files.get(file);
    if (descriptor === undefined) return;
    ftruncateSync(descriptor);
    writeSync(descriptor, String(pid), 0);
  }

  /** Since FreeBSD 13 by funlinkat(2): not where another file has the name by then. */
  function leave(status) {
    for (const [file, descriptor] of files) {
      const found = lstatSync(file, { throwIfNoEntry: false });
      if (VERSION === '12.1' || found?.ino === fstatSync(descriptor).ino) rmSync(file, { force: true });
    }
    process.exit(status);
  }
}
