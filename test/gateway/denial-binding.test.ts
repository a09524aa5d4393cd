/** What binds an access request to its denial: for whom, for what, and until when. */
import { expect, it } from 'vitest';
import { isCountersignError, type ActionRequest } from '../../src/contract/index.ts';
import { bindDenial, readDenial } from '../../src/gateway/denial-binding.ts';
import type { Caller } from '../../src/identity/index.ts';
import type { TenantSigners } from '../../src/engine/deps.ts';
import { ed25519Signer } from '../sealing/fixtures.ts';

const signer = ed25519Signer('permit');
const signers: TenantSigners = {
  record: signer,
  permit: signer,
  recordKeysAt: () => [],
  permitKeys: [signer.publicJwk],
  allPermitKeys: [signer.publicJwk],
};
const AT = Date.parse('2026-11-27T09:00:00Z');
const at = (ms: number) => ({ signers: () => signers, issuer: 'countersign', now: () => new Date(AT + ms) });
const caller: Caller = {
  kind: 'key',
  id: 'key:gate',
  tenant: 'default',
  surfaces: ['**'],
  actors: ['*'],
  roles: [],
  groups: [],
};
const request: ActionRequest = {
  surface: 'payments.refund',
  action: 'refund',
  actor: { id: 'agent:bot', type: 'agent' },
};
const bound = await bindDenial(at(0), caller, request, 'eval_1');
const read = (change: { ms?: number; by?: Partial<Caller>; of?: Partial<ActionRequest>; expiresAt?: string }) =>
  readDenial(
    at(change.ms ?? 1000),
    { ...caller, ...change.by },
    {
      token: bound.token,
      expiresAt: change.expiresAt ?? bound.expiresAt,
      request: { ...request, ...change.of },
    },
  ).then(
    () => null,
    (error: unknown) => (isCountersignError(error) ? error.code : error),
  );

it.each([
  ['as it was', {}, null],
  ['in its last second', { ms: 599_000 }, null],
  ['an hour later', { ms: 3_600_000 }, 'expired-denial'],
  ['by somebody else', { by: { id: 'key:other' } }, 'invalid-denial-binding'],
  ['in another tenant', { by: { tenant: 'acme' } }, 'invalid-denial-binding'],
  ['for another request', { of: { action: 'refund.all' } }, 'invalid-denial-binding'],
  ['with another end', { expiresAt: '2026-11-28T09:00:00Z' }, 'invalid-denial-binding'],
  ['with its end in another zone', { expiresAt: '2026-11-27T10:10:00+01:00' }, null],
])('read %s', async (_name, change, code) => {
  expect(await read(change)).toBe(code);
});

it('a permit is no denial', async () => {
  expect(bound.expiresAt).toBe('2026-11-27T09:10:00.000Z');
  const other = { ...bound, token: `${bound.token.split('.').slice(0, 2).join('.')}.AAAA` };
  await expect(readDenial(at(0), caller, { ...other, request })).rejects.toMatchObject({
    code: 'invalid-denial-binding',
  });
});
