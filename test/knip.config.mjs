// Finds exports that nobody imports, files that nothing leads to, and packages that nobody needs: `npm run unused`, part of
// `npm test`. What only a test imports counts as used.
export default {
  // What is started as a program, and what the runner of the tests finds by its name.
  entry: [
    'src/main.ts',
    'src/client/socketmap-client.ts',
    '.ci/*.mjs',
    'bench/{run,floor,start-up,fake-imapd,fake-lmtpd}.ts',
    'test/**/*.test.ts',
    'test/**/*.mjs',
  ],
  stryker: { config: ['test/mutation/stryker.config.mjs'] },
  vitest: { config: ['test/vitest.config.ts', 'test/mutation/vitest.config.mjs'] },
  project: ['src/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts', '.ci/*.mjs'],
  // Programs of the system, such as openssl, which no package of npm has.
  exclude: ['binaries'],
  // test/integration/admin-page.test.ts reads its file and gives it to a browser.
  ignoreDependencies: ['axe-core'],
};
