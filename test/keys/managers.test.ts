import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, KMSClient, CreateAliasCommand, type KeySpec, type KeyUsageType } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CountersignError } from '../../src/contract/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { createAwsKms } from '../../src/keys/managers/aws.ts';
import { createGoogleKms } from '../../src/keys/managers/google.ts';
import { createVault } from '../../src/keys/managers/vault.ts';
import type { KeyManager } from '../../src/keys/managers/types.ts';
import { remoteSigner } from '../../src/keys/remote-signer.ts';
import { formatSignerRef, parseSignerRef, type RemoteRef } from '../../src/keys/signer-ref.ts';
import { nobleVerify } from '../../src/sealing/index.ts';
import { FAKE_AWS_ED25519, FAKE_AWS_P256, startFakeAwsKms } from '../support/fake-aws-kms.ts';
import { startFakeGoogleKms, type FakeGoogleKms } from '../support/fake-google-kms.ts';
import type { FakeServer } from '../support/fake-key-manager.ts';
import { startFakeVault, type FakeVault } from '../support/fake-vault.ts';
import { findMoto, startMoto, type Moto } from '../support/moto.ts';
import { untyped } from '../support/untyped.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-managers-'));
const message = new TextEncoder().encode('x'.repeat(5000));
const short = new TextEncoder().encode('countersign/default\n1\nAAAA\n');

const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
    return 'it worked';
  } catch (error) {
    if (error instanceof CountersignError) return error.code;
    throw error;
  }
};

/** Describes a key, takes it into use as the engine does, and checks a signature with two implementations. */
async function signsWith<R extends RemoteRef>(
  manager: KeyManager<R>,
  ref: R,
  alg: string,
  text = message,
): Promise<void> {
  const { ref: pinned, jwk } = await manager.describe(ref);
  expect(jwk.alg).toBe(alg);
  const { kty, crv, x, y } = jwk;
  const signer = remoteSigner(
    {
      kind: 'remote',
      use: 'record',
      since: '2026-11-21T10:00:00.000Z',
      until: null,
      signer: formatSignerRef(pinned),
      jwk: y === undefined ? { kty, crv, x } : { kty, crv, x, y },
    },
    untyped<KeyManager>(manager),
  );
  expect(signer.kid).toBe(jwk.kid);
  const signature = await signer.sign(text);
  expect(signature).toHaveLength(64);
  expect(await nodeVerify(jwk, text, signature)).toBe(true);
  expect(await nobleVerify(jwk, text, signature)).toBe(true);
}

describe('a signer’s name', () => {
  it.each([
    'file',
    'aws-kms:alias/records',
    'aws-kms:1234abcd-12ab-34cd-56ef-1234567890ab',
    `aws-kms:${FAKE_AWS_ED25519}`,
    'gcp-kms:projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1',
    'vault:transit/records',
    'vault:teams/a/transit/records:3',
  ])('is read and written the same: %s', (text) => {
    expect(formatSignerRef(parseSignerRef(text))).toBe(text);
  });
  it('has transit as its mount, unless it says another', () => {
    expect(parseSignerRef('vault:records')).toEqual({ kind: 'vault', mount: 'transit', key: 'records', version: null });
  });
  it.each([
    '',
    'hsm:1',
    'aws-kms:',
    'aws-kms:a b',
    'gcp-kms:projects/p',
    'vault:',
    'vault:a?b',
    'vault:../sys/x y',
    'file:x',
  ])('is refused: %j', async (text) => {
    expect(await codeOf(async () => parseSignerRef(text))).toBe('configuration');
  });
});

describe('Vault and OpenBao (a fake of their transit engine)', () => {
  let vault: FakeVault;
  const open = (more: object = {}) =>
    createVault({ address: vault.url, namespace: undefined, token: vault.token, tokenFile: undefined, ...more });
  const ref = (key: string, version: number | null = null) => ({
    kind: 'vault' as const,
    mount: 'transit',
    key,
    version,
  });
  beforeAll(async () => {
    vault = await startFakeVault();
    vault.make('ed');
    vault.make('ec', 'ecdsa-p256');
  });
  afterAll(() => vault.close());

  it('signs with Ed25519', () => signsWith(open(), ref('ed'), 'EdDSA'));
  it('signs with P-256', () => signsWith(open(), ref('ec'), 'ES256'));
  it('keeps the version that was taken into use', async () => {
    const before = await open().describe(ref('ed'));
    vault.make('ed');
    const after = await open().describe(ref('ed'));
    expect([before.ref.version, after.ref.version]).toEqual([1, 2]);
    expect((await open().describe(before.ref)).jwk).toEqual(before.jwk);
    expect(after.jwk.kid).not.toBe(before.jwk.kid);
  });
  it('reads the token from its file each time, and sends the namespace', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'stale\n');
    const manager = open({ token: undefined, tokenFile, namespace: 'team-a' });
    expect(await codeOf(() => manager.describe(ref('ed')))).toBe('configuration');
    writeFileSync(tokenFile, `${vault.token}\n`);
    await manager.describe(ref('ed'));
    expect(vault.requests.at(-1)?.headers['x-vault-namespace']).toBe('team-a');
  });
  it.each<[string, () => Promise<unknown>, string]>([
    ['no such key', () => open().describe(ref('absent')), 'configuration'],
    ['no such version', () => open().describe(ref('ed', 99)), 'configuration'],
    ['a wrong token', () => open({ token: 'hvs.other' }).describe(ref('ed')), 'configuration'],
    ['no address', () => createVault(null).describe(ref('ed')), 'configuration'],
    ['nobody there', () => open({ address: 'http://127.0.0.1:9/' }).describe(ref('ed')), 'unavailable'],
  ])('says what is wrong: %s', async (_name, work, code) => {
    expect(await codeOf(work)).toBe(code);
  });
  it.each(['down', 'failing'] as const)('signs nothing while it is %s, and says so without a secret', async (state) => {
    const { ref: pinned, jwk } = await open().describe(ref('ed', 1));
    const { kty, crv, x } = jwk;
    const signer = remoteSigner(
      {
        kind: 'remote',
        use: 'record',
        since: '2026-11-21T10:00:00.000Z',
        until: null,
        signer: formatSignerRef(pinned),
        jwk: { kty, crv, x },
      },
      untyped<KeyManager>(open()),
    );
    vault.state = state;
    const failure = await signer.sign(message).catch((error: unknown) => error);
    vault.state = 'up';
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect(String(failure) + String((failure as Error).cause)).not.toContain(vault.token);
    expect(await signer.sign(message)).toHaveLength(64);
  });
  it('is not believed when another key signs under the name', async () => {
    const { jwk } = await open().describe(ref('ed', 2));
    const { kty, crv, x } = jwk;
    const signer = remoteSigner(
      { kind: 'remote', use: 'record', since: '', until: null, signer: 'vault:transit/ed:1', jwk: { kty, crv, x } },
      untyped<KeyManager>(open()),
    );
    expect(await codeOf(() => signer.sign(message))).toBe('unavailable');
  });
});

describe('Google Cloud KMS (a fake of it; Google’s own library signs in)', () => {
  let google: FakeGoogleKms;
  const before = process.env['GOOGLE_APPLICATION_CREDENTIALS'];
  beforeAll(async () => {
    google = await startFakeGoogleKms();
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = google.credentials(folder);
  });
  afterAll(async () => {
    if (before === undefined) delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
    else process.env['GOOGLE_APPLICATION_CREDENTIALS'] = before;
    await google.close();
  });
  const ref = (name: string) => ({ kind: 'gcp-kms' as const, name });

  it('signs with Ed25519', () =>
    signsWith(createGoogleKms(google.url), ref(google.make('ed', 'EC_SIGN_ED25519')), 'EdDSA'));
  it('signs with P-256', () =>
    signsWith(createGoogleKms(google.url), ref(google.make('ec', 'EC_SIGN_P256_SHA256')), 'ES256'));
  it('says what is wrong', async () => {
    const manager = createGoogleKms(google.url);
    expect(await codeOf(() => manager.describe(ref(google.make('rsa', 'RSA_SIGN_PSS_2048_SHA256'))))).toBe(
      'configuration',
    );
    expect(await codeOf(() => manager.describe(ref('projects/x/cryptoKeyVersions/1')))).toBe('configuration');
    google.state = 'failing';
    expect(await codeOf(() => createGoogleKms(google.url).describe(ref('a/cryptoKeyVersions/1')))).toBe('unavailable');
    google.state = 'up';
    expect(await codeOf(() => createGoogleKms('http://127.0.0.1:9/').describe(ref('a')))).toBe('unavailable');
  });
});

const AWS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-central-1' };

/** The SDK reads where it is from the environment, as for every user. */
function withAws(url: () => string): void {
  const before = Object.fromEntries(
    [...Object.keys(AWS), 'AWS_ENDPOINT_URL_KMS'].map((name) => [name, process.env[name]]),
  );
  beforeAll(() => {
    Object.assign(process.env, AWS, { AWS_ENDPOINT_URL_KMS: url() });
  });
  afterAll(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

describe('AWS KMS, Ed25519 and long messages (a fake of it: moto has neither)', () => {
  let fake: FakeServer;
  beforeAll(async () => {
    fake = await startFakeAwsKms();
  });
  afterAll(() => fake.close());
  withAws(() => fake.url);

  it('signs what is short, such as a checkpoint', () =>
    signsWith(createAwsKms(), { kind: 'aws-kms', key: FAKE_AWS_ED25519 }, 'EdDSA', short));
  it('signs with P-256 what is longer than AWS takes, by its digest', () =>
    signsWith(createAwsKms(), { kind: 'aws-kms', key: FAKE_AWS_P256 }, 'ES256'));
  it('cannot sign what is longer than AWS takes with Ed25519', async () => {
    await expect(createAwsKms().sign({ kind: 'aws-kms', key: FAKE_AWS_ED25519 }, 'EdDSA', message)).rejects.toThrow(
      '4096',
    );
  });
});

const found = findMoto();

describe.skipIf(found === null)('AWS KMS (moto’s server)', () => {
  let moto: Moto;
  let client: KMSClient;
  beforeAll(async () => {
    if (found !== null) moto = await startMoto(found);
    client = new KMSClient({
      endpoint: moto.url,
      region: AWS.AWS_REGION,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  });
  afterAll(() => moto.stop());
  withAws(() => moto.url);
  const make = async (spec: KeySpec, usage: KeyUsageType = 'SIGN_VERIFY'): Promise<string> => {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: usage }));
    return KeyMetadata?.Arn ?? '';
  };

  it('signs with P-256, named by its ARN', async () => {
    await signsWith(createAwsKms(), { kind: 'aws-kms', key: await make('ECC_NIST_P256') }, 'ES256', short);
  });
  it('an alias names the key that it leads to', async () => {
    const arn = await make('ECC_NIST_P256');
    await client.send(new CreateAliasCommand({ AliasName: 'alias/records', TargetKeyId: arn }));
    const { ref } = await createAwsKms().describe({ kind: 'aws-kms', key: 'alias/records' });
    expect(arn).toContain(ref.key.replace(/^.*\//, ''));
    await signsWith(createAwsKms(), ref, 'ES256', short);
  });
  it('says what is wrong', async () => {
    const manager = createAwsKms();
    const describeKey = (key: string) => () => manager.describe({ kind: 'aws-kms', key });
    expect(await codeOf(describeKey('00000000-0000-4000-8000-000000000000'))).toBe('configuration');
    expect(await codeOf(describeKey(await make('RSA_2048')))).toBe('configuration');
    await moto.stop();
    expect(await codeOf(describeKey('00000000-0000-4000-8000-000000000000'))).toBe('unavailable');
  });
});
