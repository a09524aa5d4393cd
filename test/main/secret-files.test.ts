/** Secrets that are handed in as files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../src/main/config.ts';
import { SECRETS, withSecretFiles } from '../../src/main/secret-files.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-secrets-'));
  writeFileSync(join(folder, 'secret'), 'the value\n');
  writeFileSync(join(folder, 'empty'), '\n');
  writeFileSync(join(folder, 'url'), 'postgres://user:word@db/countersign\r\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(SECRETS)('%s', (name) => {
  expect(withSecretFiles({ [`${name}_FILE`]: join(folder, 'secret') })[name]).toBe('the value');
});

it('is read as a setting like any other', () => {
  expect(loadConfig({ DATABASE_URL_FILE: join(folder, 'url') }).databaseUrl).toBe(
    'postgres://user:word@db/countersign',
  );
});

it.each([
  ['both are set', { SLACK_BOT_TOKEN: 'xoxb-secret', SLACK_BOT_TOKEN_FILE: 'secret' }, /both set/],
  ['no such file', { SLACK_BOT_TOKEN_FILE: 'nothing' }, /cannot be read/],
  ['an empty one', { SLACK_BOT_TOKEN_FILE: 'empty' }, /is empty/],
])('%s: refused, without the value', (_what, env: Record<string, string>, says) => {
  const given = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, name.endsWith('_FILE') ? join(folder, value) : value]),
  );
  expect(() => loadConfig(given)).toThrow(says);
  expect(() => loadConfig(given)).not.toThrow(/xoxb/);
});
