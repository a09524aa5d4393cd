import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isCountersignError } from '../../src/contract/index.ts';
import { nodeVerify, openFileKeys, type Keys } from '../../src/keys/index.ts';
import { FILE_KEYS, type KeySettings } from '../../src/keys/file-keys.ts';
import { FAKE_AWS_ED25519, startFakeAwsKms } from '../support/fake-aws-kms.ts';
import { startFakeVault, type FakeVault } from '../support/fake-vault.ts';

let vault: FakeVault;
let folder: string;
beforeAll(async () => {
  vault = await startFakeVault();
  vault.make('ed');
  vault.make('ec', 'ecdsa-p256');
  vault.make('records-default');
});
afterAll(() => vault.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-remote-'));
});

const settings = (signers: Partial<KeySettings['signers']>): KeySettings => ({
  ...FILE_KEYS,
  signers: { ...FILE_KEYS.signers, ...signers },
  vault: { address: vault.url, namespace: undefined, token: vault.token, tokenFile: undefined },
});
const open = (signers: Partial<KeySettings['signers']>): Promise<Keys> => openFileKeys(folder, settings(signers));

/** Code and sentence of what it throws; empty when it does not. */
async function refusal(work: Promise<unknown>): Promise<[string, string]> {
  try {
    await work;
    return ['', ''];
  } catch (error) {
    if (isCountersignError(error)) return [error.code, error.message];
    throw error;
  }
}

describe('keys of a key manager', () => {
  it('are looked up at the first start, and their public halves kept', async () => {
    const keys = await open({ record: 'vault:ec', log: 'vault:ed' });
    expect(await keys.ensure('default')).toEqual([]);
    const { record, permit, log, history } = keys.forTenant('default');
    expect([record.algorithm, permit.algorithm]).toEqual(['ES256', 'EdDSA']);
    expect(history.record).toMatchObject([{ signer: 'vault:transit/ec:1', until: null, pending: false }]);
    const message = new TextEncoder().encode('countersign');
    for (const signer of [record, permit]) {
      expect(await nodeVerify(signer.publicJwk, message, await signer.sign(message))).toBe(true);
    }
    expect(log.vkey).toMatch(/^countersign\/default\+/);
    const again = await open({ record: 'vault:ec', log: 'vault:ed' });
    expect(await again.ensure('default')).toEqual([]);
    expect(again.forTenant('default').record.kid).toBe(record.kid);
    const file = JSON.parse(readFileSync(join(folder, 'keys/tenants/default.json'), 'utf8')) as { keys: object[] };
    expect(file.keys.map((key) => 'signer' in key)).toEqual([true, false, true]);
  });

  it('may be named for each tenant', async () => {
    const keys = await open({ record: 'vault:records-{tenant}' });
    await keys.ensure('default');
    expect(keys.forTenant('default').history.record[0]?.signer).toBe('vault:transit/records-default:1');
    expect((await refusal(keys.ensure('other')))[0]).toBe('configuration');
  });

  it.each<[string, Partial<KeySettings['signers']>, string]>([
    ['that is not there', { record: 'vault:absent' }, 'Vault: 404'],
    ['of a log that is not Ed25519', { log: 'vault:ec' }, 'not Ed25519'],
  ])('%s stops the first start, and nothing is made', async (_name, signers, sentence) => {
    const keys = await open(signers);
    expect(await refusal(keys.ensure('default'))).toEqual(['configuration', expect.stringContaining(sentence)]);
    expect(existsSync(join(folder, 'keys/tenants/default.json'))).toBe(false);
  });

  it('that AWS cannot sign records with stops it too; for the log it will do', async () => {
    const fake = await startFakeAwsKms();
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_KMS: fake.url,
    });
    try {
      const record = await open({ record: `aws-kms:${FAKE_AWS_ED25519}` });
      expect(await refusal(record.ensure('default'))).toEqual([
        'configuration',
        expect.stringContaining('ECC_NIST_P256'),
      ]);
      const log = await open({ log: `aws-kms:${FAKE_AWS_ED25519}` });
      expect(await log.ensure('default')).toEqual([]);
    } finally {
      for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_ENDPOINT_URL_KMS']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
      await fake.close();
    }
  });
});

describe('a later start', () => {
  it('says that the setting names another key, and goes on with the one in use', async () => {
    await (await open({})).ensure('default');
    const keys = await open({ record: 'vault:ec' });
    expect(await keys.ensure('default')).toEqual([expect.stringContaining('countersign keys rotate --use record')]);
    expect(keys.forTenant('default').record.algorithm).toBe('EdDSA');
    expect(await keys.prepare('default', 'record')).toMatchObject({ signer: 'vault:transit/ec:1' });
  });

  it('says that there is a newer version', async () => {
    vault.make('moves');
    await (await open({ record: 'vault:moves' })).ensure('default');
    vault.make('moves');
    expect(await (await open({ record: 'vault:moves' })).ensure('default')).toHaveLength(1);
    expect(await (await open({ record: 'vault:moves:1' })).ensure('default')).toEqual([]);
  });

  it('goes on while the key manager is away, and says what waits', async () => {
    await (await open({ record: 'vault:ec' })).ensure('default');
    vault.state = 'failing';
    const notices = await (await open({ record: 'vault:ec' })).ensure('default');
    vault.state = 'up';
    expect(notices).toEqual([expect.stringContaining('every action waits for its record key')]);
  });

  it('stops when the key manager has another key under that very name', async () => {
    const other = await startFakeVault();
    other.make('ec', 'ecdsa-p256');
    await (await open({ record: 'vault:ec' })).ensure('default');
    const own = settings({ record: 'vault:ec' });
    const vaults = { address: other.url, namespace: undefined, token: other.token, tokenFile: undefined };
    const keys = await openFileKeys(folder, { ...own, vault: vaults });
    expect(await refusal(keys.ensure('default'))).toEqual(['configuration', expect.stringContaining('restore it')]);
    await other.close();
  });
});
