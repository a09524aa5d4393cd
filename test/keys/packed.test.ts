import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FILE_KEYS, openFileKeys, packKeys } from '../../src/keys/index.ts';

const world = mkdtempSync(join(tmpdir(), 'countersign-packed-'));
afterAll(() => rmSync(world, { recursive: true, force: true }));

let made = 0;
const folder = (): string => join(world, `data-${(made += 1)}`);

async function packedFile(...tenants: string[]): Promise<{ from: string; file: string }> {
  const from = folder();
  const keys = await openFileKeys(from);
  for (const tenant of tenants) await keys.ensure(tenant);
  const file = join(world, `packed-${made}.json`);
  writeFileSync(file, packKeys(from));
  return { from, file };
}

it('a process that shares no folder signs and reads as the one whose keys were packed', async () => {
  const { from, file } = await packedFile('default', 'other');
  const master = await openFileKeys(from);
  const to = folder();
  const keys = await openFileKeys(to, { ...FILE_KEYS, packed: file });
  expect(keys.packed).toBe(true);
  expect(keys.attestationKeys).toEqual(master.attestationKeys);
  expect(keys.codec.map(({ id }) => id)).toEqual(master.codec.map(({ id }) => id));
  expect(keys.webhookSecrets.signing(new Date())).toEqual(master.webhookSecrets.signing(new Date()));
  for (const tenant of ['default', 'other']) {
    expect(keys.forTenant(tenant).log.vkey).toBe(master.forTenant(tenant).log.vkey);
    expect(await keys.ensure(tenant)).toEqual([]);
  }
  expect(statSync(join(to, 'keys', 'engine.json')).mode & 0o077).toBe(0);
});

it('what was packed anew replaces what was there', async () => {
  const [first, second] = [await packedFile('default'), await packedFile('default')];
  const to = folder();
  await openFileKeys(to, { ...FILE_KEYS, packed: first.file });
  const keys = await openFileKeys(to, { ...FILE_KEYS, packed: second.file });
  const master = await openFileKeys(second.from);
  expect(keys.forTenant('default').log.vkey).toBe(master.forTenant('default').log.vkey);
});

it('no key is made beside those that were packed', async () => {
  const { file } = await packedFile('default');
  const to = folder();
  const keys = await openFileKeys(to, { ...FILE_KEYS, packed: file });
  await expect(keys.ensure('other')).rejects.toMatchObject({ code: 'conflict' });
  expect(() => keys.forTenant('other')).toThrow(expect.objectContaining({ code: 'configuration' }));
  expect(readdirSync(join(to, 'keys', 'tenants'))).toEqual(['default.json']);
});

it.each([
  ['no JSON', 'x'],
  ['another file of ours', '{"kind":"countersign.codec-keys/v1","keys":[]}'],
  ['no engine', '{"kind":"countersign.keys/v1","files":{}}'],
  [
    'a place outside',
    '{"kind":"countersign.keys/v1","files":{"engine.json":{"v":1,"keys":[]},"../x.json":{"v":1,"keys":[]}}}',
  ],
])('%s is refused, and nothing of it is said', async (_, text) => {
  const file = join(world, 'wrong.json');
  writeFileSync(file, text);
  const opened = openFileKeys(folder(), { ...FILE_KEYS, packed: file });
  await expect(opened).rejects.toMatchObject({ code: 'configuration' });
  await opened.catch((error: Error) => expect(error.message).not.toContain(text));
});

it('a tenant whose name would be a path is not taken', async () => {
  const { file } = await packedFile('default');
  const { files } = JSON.parse(readFileSync(file, 'utf8')) as { files: Record<string, unknown> };
  files['tenants/../engine.json'] = files['engine.json'];
  writeFileSync(file, JSON.stringify({ kind: 'countersign.keys/v1', files }));
  await expect(openFileKeys(folder(), { ...FILE_KEYS, packed: file })).rejects.toMatchObject({ code: 'configuration' });
});
