// Signals that come before the daemon has begun would end it: SIGHUP and SIGUSR2, or, SIGUSR1, open Node's debugger. This is the
// first that main.ts imports, so that nothing is waited for; only Node's own start comes before. It handles signals.

if (process.argv[2] === 'serve') {
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.on(signal, () => undefined);
}
