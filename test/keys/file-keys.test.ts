import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  nodeVerify,
  nodeVerifyEd25519,
  openFileKeys,
  verifyNoteUnlessMadeHere,
  verifyUnlessMadeHere,
} from '../../src/keys/index.ts';
import { formatCheckpoint, nobleVerifyEd25519, openCheckpoint, parseVkey, signNote } from '../../src/ledger/index.ts';
import { nobleVerify, thumbprint } from '../../src/sealing/index.ts';
import { untyped } from '../support/untyped.ts';
import { keyPair } from '../support/key-pair.ts';

const run = promisify(execFile);
const OPENER = fileURLToPath(new URL('keys-opener.ts', import.meta.url));
const folder = (): string => mkdtempSync(join(tmpdir(), 'countersign-keys-'));

describe('openFileKeys', () => {
  it('makes keys once, in files that nobody else can read', async () => {
    const dir = folder();
    const first = await openFileKeys(dir);
    const second = await openFileKeys(dir);
    const facts = (keys: typeof first) => [
      keys.attestation.publicJwk,
      keys.webhookSecrets.signing(new Date()),
      keys.codec.map(({ id }) => id),
      keys.forTenant('default').record.publicJwk,
      keys.forTenant('default').permit.publicJwk,
      keys.forTenant('default').log.vkey,
    ];
    expect(facts(second)).toEqual(facts(first));
    const keys = join(dir, 'keys');
    expect(statSync(keys).mode & 0o777).toBe(0o700);
    expect(statSync(join(keys, 'engine.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(keys, 'tenants', 'default.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(keys).sort()).toEqual(['engine.json', 'tenants']);
  });

  it('signs webhooks with the old secret and the next one until the old one ends, in every process', async () => {
    const dir = folder();
    const [here, there] = [await openFileKeys(dir), await openFileKeys(dir)];
    const [now, later, after] = [
      '2026-11-21T10:00:00.000Z',
      '2026-11-28T10:00:00.000Z',
      '2026-11-28T10:00:01.000Z',
    ].map((time) => new Date(time)) as [Date, Date, Date];
    const [first] = here.webhookSecrets.signing(now);
    const next = here.webhookSecrets.replace(now, later.toISOString());
    for (const { webhookSecrets } of [here, there, await openFileKeys(dir)]) {
      expect(webhookSecrets.signing(now)).toEqual([next, first]);
      expect(webhookSecrets.signing(after)).toEqual([next]);
    }
    const last = here.webhookSecrets.replace(now, now.toISOString());
    expect(here.webhookSecrets.signing(now)).toEqual([last]);
    expect(statSync(join(dir, 'keys', 'webhook.json')).mode & 0o777).toBe(0o600);
  });

  it('gives every use and every tenant a key of its own', async () => {
    const keys = await openFileKeys(folder());
    const [one, two] = [keys.forTenant('one'), keys.forTenant('two')];
    const all = [keys.attestation, one.record, one.permit, two.record, two.permit].map(({ publicJwk }) => publicJwk.x);
    const logs = [one, two].map(({ log }) => Buffer.from(log.key.publicKey).toString('base64url'));
    expect(new Set([...all, ...logs]).size).toBe(7);
    expect([one.log.key.name, two.log.key.name]).toEqual(['countersign/one', 'countersign/two']);
    expect(keys.forTenant('one')).toBe(one);
    expect(one.history.record.map(({ jwk }) => jwk)).toEqual([one.record.publicJwk]);
  });

  it('agrees with every process that starts at the same time', async () => {
    const dir = folder();
    const openers = Array.from({ length: 4 }, () => run(process.execPath, ['--import', 'tsx', OPENER, dir]));
    const said = (await Promise.all(openers)).map(({ stdout }) => stdout);
    expect(said[0]).toMatch(/^\S+ \S+ \S+\n$/);
    expect(new Set(said).size).toBe(1);
  });

  it.each(['', 'A', '../x', 'a/b', 'a b', '-a', 'a.b', 'a'.repeat(64)])('refuses the tenant `%s`', async (tenant) => {
    const keys = await openFileKeys(folder());
    expect(() => keys.forTenant(tenant)).toThrow(expect.objectContaining({ code: 'configuration' }) as Error);
  });

  it.each([
    ['open to others', (file: string) => chmodSync(file, 0o644)],
    ['cut off', (file: string) => truncateSync(file, 40)],
    ['empty', (file: string) => truncateSync(file, 0)],
    ['not ours', (file: string) => writeFileSync(file, '{"v":2,"keys":[]}')],
    [
      'without a present key',
      (file: string) =>
        writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"until": null', '"until": "2026-01-01T00:00:00Z"')),
    ],
  ])('refuses a file that is %s, without quoting it', async (_, spoil) => {
    const dir = folder();
    await openFileKeys(dir);
    const file = join(dir, 'keys', 'engine.json');
    const { secret = '' } = (JSON.parse(readFileSync(file, 'utf8')) as { keys: { secret?: string }[] }).keys[1] ?? {};
    spoil(file);
    const opening = openFileKeys(dir);
    await expect(opening).rejects.toMatchObject({ code: 'configuration' });
    await opening.catch((error: Error) => expect(`${error.stack} ${String(error.cause)}`).not.toContain(secret));
  });

  it('says that a folder cannot be written', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    await expect(openFileKeys(file)).rejects.toMatchObject({ code: 'configuration' });
  });
});

describe('signatures', () => {
  it('are those that the other implementation makes sure of, and nothing else', async () => {
    const { record } = (await openFileKeys(folder())).forTenant('default');
    const { record: other } = (await openFileKeys(folder())).forTenant('default');
    expect(record.kid).toBe(thumbprint(record.publicJwk));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(), async (message, at) => {
        const signature = await record.sign(message);
        const wrong = Uint8Array.from(signature);
        wrong[at % 64] = (wrong[at % 64] as number) ^ (1 + (at % 255));
        for (const verify of [nodeVerify, verifyUnlessMadeHere, nobleVerify]) {
          expect(await verify(record.publicJwk, message, signature)).toBe(true);
          expect(await verify(record.publicJwk, message, wrong)).toBe(false);
          expect(await verify(record.publicJwk, Uint8Array.of(...message, 0), signature)).toBe(false);
          expect(await verify(other.publicJwk, message, signature)).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['a short signature', { signature: new Uint8Array(63) }],
    ['a long signature', { signature: new Uint8Array(65) }],
    ['a key that is none', { jwk: { x: 'AA' } }],
    ['a curve that is none', { jwk: { crv: 'P-999' } }],
  ])('are false, not thrown, for %s', async (_, broken) => {
    const { record } = (await openFileKeys(folder())).forTenant('default');
    const { signature = new Uint8Array(64), jwk = {} } = broken as { signature?: Uint8Array; jwk?: object };
    expect(await nodeVerify(untyped({ ...record.publicJwk, ...jwk }), new Uint8Array(3), signature)).toBe(false);
  });

  it('check P-256 as JOSE writes it', async () => {
    const { createPublicKey, sign } = await import('node:crypto');
    const { publicJwk } = await import('../../src/sealing/index.ts');
    const { privateKey } = keyPair('ec');
    const { x = '', y = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
    const jwk = publicJwk({ crv: 'P-256', x, y });
    const message = Buffer.from('message');
    const signature = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(await nodeVerify(jwk, message, signature)).toBe(true);
    expect(await nobleVerify(jwk, message, signature)).toBe(true);
    expect(await nodeVerify(jwk, Buffer.from('massage'), signature)).toBe(false);
  });

  it('make checkpoints that both verifiers open', async () => {
    const { log } = (await openFileKeys(folder())).forTenant('default');
    const text = formatCheckpoint({ origin: 'countersign/default', size: 1, root: new Uint8Array(32) });
    const note = await signNote(text, log.key, log.sign);
    for (const verify of [nodeVerifyEd25519, verifyNoteUnlessMadeHere, nobleVerifyEd25519]) {
      expect(await openCheckpoint(note, [parseVkey(log.vkey)], verify)).toMatchObject({ size: 1 });
      const forged = note.replace('\n1\n', '\n2\n');
      await expect(openCheckpoint(forged, [log.key], verify)).rejects.toMatchObject({ reason: 'note-signature-wrong' });
    }
  });
});
