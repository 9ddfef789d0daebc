// What ESLint looks for in src/, bench/ and test/: what the types tell typescript-eslint, and some rules that have found
// something true here. `npm run lint`, part of `npm test`. What is left out or loosened has its reason beside it.
import tseslint from 'typescript-eslint';

export default [
  { ignores: ['**/*.mjs', '**/*.d.ts', 'bench/build/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    // A rule that does not hold is named here, with its reason, and not in a comment beside the code.
    linterOptions: { noInlineConfig: true },
    rules: {
      eqeqeq: 'error',
      'no-nested-ternary': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'array-callback-return': 'error',
      'object-shorthand': 'error',
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-unnecessary-condition': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/require-array-sort-compare': 'error',
      // A promise that is returned out of a try is not caught there.
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'error',
      // What closures read is declared before it has a value.
      'prefer-const': ['error', { ignoreReadBeforeAssign: true }],
      // To take a field out of an object, it has to be named.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      // What was caught is unknown to the compiler, and thrown again.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      // Off: `async` without `await` makes a rejection of what is thrown, as interfaces of promises need it.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // Off: a socket calls the handlers of all sockets with itself as `this`; see handlers.ts.
    files: ['src/socketmap/server.ts'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  {
    // Off: the package has no types, and what require() gives is any.
    files: ['bench/decoder.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // One word for one thing: a test is named after what is so, `test('a list of aliases is read again', …)`.
      'no-restricted-imports': ['error', { paths: [{ name: 'vitest', importNames: ['it'] }] }],
      // Off: expect.any() and expect.objectContaining() of vitest, JSON.parse() and once() give any, and a test that is
      // wrong about it fails.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // Off: what beforeAll() should have set is not there in afterAll() where beforeAll() failed.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Off: only process.umask() without a mask tells what it is.
      '@typescript-eslint/no-deprecated': 'off',
      // Off: tests reject and throw what no program should, to see what becomes of it.
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
];
