import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, CompactEncrypt, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { openFileKeys } from '../../src/keys/index.ts';
import { createStartKeys } from '../../src/keys/start-keys.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'countersign-starts-'));
const text = JSON.stringify({ token: 'a secret' });
const encrypt = async (jwk: object, header: object = {}, plaintext = text): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(plaintext))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', ...header })
    .encrypt(await importJWK(jwk as JWK, 'ECDH-ES'));
const opened = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes));

describe('a start that was encrypted to the stack', () => {
  it('opens, with and without the key’s id, in each of the two algorithms, in every process', async () => {
    const dir = folder();
    const { starts } = await openFileKeys(dir);
    const again = (await openFileKeys(dir)).starts;
    expect(again.publicJwk).toEqual(starts.publicJwk);
    for (const header of [{}, { kid: starts.publicJwk.kid }, { alg: 'ECDH-ES+A256KW' }]) {
      expect(opened(await again.open(await encrypt(starts.publicJwk, header)))).toBe(text);
    }
  });

  it('shows a public key that names itself by its thumbprint, and nothing private', async () => {
    const { publicJwk } = (await openFileKeys(folder())).starts;
    expect(publicJwk).toMatchObject({ kty: 'EC', crv: 'P-256', use: 'enc', alg: 'ECDH-ES' });
    expect(publicJwk.kid).toBe(await calculateJwkThumbprint(publicJwk as JWK));
    expect(publicJwk).not.toHaveProperty('d');
  });

  it('opens after the codec key was replaced', async () => {
    const [older, newer] = [await openFileKeys(folder()), await openFileKeys(folder())];
    const { kid } = older.starts.publicJwk;
    const rotated = createStartKeys([newer.codec[0], older.codec[0]]);
    expect(rotated.publicJwk).toEqual(newer.starts.publicJwk);
    expect(opened(await rotated.open(await encrypt(older.starts.publicJwk, { kid })))).toBe(text);
  });

  it('does not open otherwise', async () => {
    const { starts } = await openFileKeys(folder());
    const stranger = (await openFileKeys(folder())).starts.publicJwk;
    const good = await encrypt(starts.publicJwk);
    const rsa = await exportJWK((await generateKeyPair('RSA-OAEP-256', { extractable: true })).publicKey);
    const parts = good.split('.');
    const header = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const refused = [
      '',
      'x',
      '....',
      await encrypt(stranger),
      await encrypt(stranger, { kid: starts.publicJwk.kid }),
      await encrypt(starts.publicJwk, { kid: 'another' }),
      await encrypt(starts.publicJwk, { enc: 'A128GCM' }),
      await encrypt(starts.publicJwk, { enc: 'A256CBC-HS512' }),
      await encrypt(starts.publicJwk, { alg: 'ECDH-ES+A128KW' }),
      await new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
        .encrypt(await importJWK(rsa, 'RSA-OAEP-256')),
      [header({ alg: 'dir', enc: 'A256GCM' }), '', ...parts.slice(2)].join('.'),
      [header({ alg: 'none', enc: 'none' }), ...parts.slice(1)].join('.'),
      [...parts.slice(0, 4), parts[4]?.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))].join('.'),
      await encrypt(starts.publicJwk, {}, 'x'.repeat(400_000)),
    ];
    for (const jwe of refused) expect(await starts.open(jwe), jwe.slice(0, 80)).toBeNull();
  });
});
