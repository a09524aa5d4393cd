/** The walls of the house. `test/lint` shows each of them hold: a fixture that breaks it must fail. */
import tseslint from 'typescript-eslint';
import { noCycleRule } from './eslint/cycles.js';
import { PURE, roomsRule } from './eslint/rooms.js';

const pureFiles = PURE.map((room) => `src/${room}/**/*.ts`);

const because = (names, message) => names.map((name) => ({ name, message }));
const impure = 'a pure room has no clock, randomness, I/O or process: take it as an argument';
const hostDependent =
  'CallExpression[callee.property.name=/^(get(FullYear|Month|Date|Day|Hours|Minutes|Seconds|Milliseconds|TimezoneOffset)|toLocale\\w*|localeCompare)$/]';

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      'coverage/**',
      'node_modules/**',
      'types/**',
      '.countersign/**',
      'sandbox/slack/page/static/**',
      'test/lint/fixtures/**',
    ],
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: {
      '@typescript-eslint': tseslint.plugin,
      house: { rules: { rooms: roomsRule, 'no-cycle': noCycleRule } },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { disallowTypeAnnotations: false, fixStyle: 'inline-type-imports' },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      'house/rooms': 'error',
      'house/no-cycle': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-nested-ternary': 'error',
      'no-sparse-arrays': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    // A rendering that records were sealed with stays as it was.
    files: ['src/slack/blocks/slack-*/**/*.ts'],
    rules: { 'no-nested-ternary': 'off' },
  },
  {
    files: pureFiles,
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
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: impure },
        { selector: "CallExpression[callee.name='Date']", message: impure },
        { selector: 'Program > VariableDeclaration[kind=/^(let|var)$/]', message: 'a pure room has no module state' },
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
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!\\.|@temporalio/(workflow|common)$)',
              message: 'Temporal’s sandbox has the workflow library and pure code, nothing else',
            },
          ],
        },
      ],
      'no-restricted-globals': [
        'error',
        ...because(['process', 'Buffer', 'require', 'fetch', 'crypto'], 'the sandbox has none'),
      ],
    },
  },
);
