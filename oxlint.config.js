/** The walls of the house. `test/lint` shows each of them hold: a fixture that breaks it must fail. */
import { fileURLToPath } from 'node:url';
import { PURE } from './eslint/rooms.js';

const because = (names, message) => names.map((name) => ({ name, message }));
const impure = 'a pure room has no clock, randomness, I/O or process: take it as an argument';
const hostDependent =
  'CallExpression[callee.property.name=/^(get(FullYear|Month|Date|Day|Hours|Minutes|Seconds|Milliseconds|TimezoneOffset)|toLocale\\w*|localeCompare)$/]';

export default {
  // Types come from TypeScript 7 (oxlint-tsgolint), which `npm run typecheck` runs too.
  options: { typeAware: true, reportUnusedDisableDirectives: 'error' },
  plugins: ['typescript'],
  jsPlugins: [fileURLToPath(new URL('eslint/plugin.js', import.meta.url))],
  // The rules are those below and no others.
  categories: { correctness: 'off' },
  ignorePatterns: [
    '**/*.{js,mjs,cjs}',
    '**/dist/**',
    'coverage/**',
    'node_modules/**',
    'types/**',
    '.countersign/**',
    'test/lint/fixtures/**',
  ],
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/only-throw-error': ['error', { allowThrowingUnknown: true }],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/consistent-type-imports': [
      'error',
      { disallowTypeAnnotations: false, fixStyle: 'inline-type-imports' },
    ],
    'typescript/no-explicit-any': 'error',
    'house/rooms': 'error',
    'house/no-cycle': 'error',
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'no-nested-ternary': 'error',
    'no-sparse-arrays': 'error',
    'no-empty': ['error', { allowEmptyCatch: false }],
  },
  overrides: [
    {
      // A rendering that records were sealed with stays as it was.
      files: ['src/slack/blocks/slack-*/**/*.ts'],
      rules: { 'no-nested-ternary': 'off' },
    },
    {
      files: PURE.map((room) => `src/${room}/**/*.ts`),
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              { regex: '^node:', message: 'a pure room runs in browsers and in Temporal’s sandbox: no Node builtins' },
            ],
          },
        ],
        'no-restricted-globals': [
          'error',
          ...because(
            [
              'process',
              'Buffer',
              'require',
              'setTimeout',
              'setInterval',
              'setImmediate',
              'fetch',
              'performance',
              'console',
              'crypto',
            ],
            impure,
          ),
        ],
        'no-restricted-properties': [
          'error',
          { object: 'Date', property: 'now', message: impure },
          { object: 'Math', property: 'random', message: impure },
        ],
        'house/no-restricted-syntax': [
          'error',
          { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: impure },
          { selector: "CallExpression[callee.name='Date']", message: impure },
          {
            selector: 'Program > VariableDeclaration[kind=/^(let|var)$/]',
            message: 'a pure room has no module state',
          },
          {
            selector: 'Program > ExportNamedDeclaration > VariableDeclaration[kind=/^(let|var)$/]',
            message: 'a pure room has no module state',
          },
          { selector: hostDependent, message: 'its result depends on the time zone or language of the host' },
        ],
      },
    },
    {
      files: ['src/workflows/**/*.ts'],
      rules: {
        'no-restricted-globals': [
          'error',
          ...because(['process', 'Buffer', 'require', 'fetch', 'crypto'], 'the sandbox has none'),
        ],
      },
    },
  ],
};
