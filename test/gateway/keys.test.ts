import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signRecord } from '../../src/engine/seal.ts';
import { isCountersignError, type OtherRecord, type Receipt } from '../../src/contract/index.ts';
import { auditLog, type AuditReport, type LogFiles } from '../../src/evidence/index.ts';
import { keyHistory, revokeKey, rotateKey, settleKeys, signingKeys, type KeyDeps } from '../../src/gateway/keys.ts';
import { recordJwks } from '../../src/archive/record-jwks.ts';
import { logFiles } from '../../src/archive/make/log-files.ts';
import type { Caller } from '../../src/identity/index.ts';
import { nodeVerify, openFileKeys, type Keys } from '../../src/keys/index.ts';
import { type SigningUse, followKeys, verifyReceipt, type Signer, type Trust } from '../../src/sealing/index.ts';
import { formatVkey, parseNote } from '../../src/ledger/index.ts';
import { createLogReader, createSequencer } from '../../src/sequencer/index.ts';
import type { Store } from '../../src/store/index.ts';
import { reasonOf } from '../sealing/reason.ts';
import { eventually } from '../support/eventually.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const OWNER: Caller = {
  kind: 'key',
  id: 'key:first',
  tenant: '',
  surfaces: ['**'],
  actors: ['*'],
  roles: [],
  groups: [],
};
const reason = 'it is time';

/** One process on the stack. Its clock is the test's. */
interface Process extends KeyDeps {
  keys: Keys;
  clock: { ms: number };
}

const processOf = (keys: Keys, store: Store = database.store, clock = { ms: Date.now() }): Process => ({
  keys,
  store,
  clock,
  sequencer: createSequencer({ store, keys }),
  logReader: createLogReader({ store, keys }),
  signers: (tenant) => keys.forTenant(tenant),
  now: () => new Date(clock.ms),
});

let tenant: string;
let caller: Caller;
let deps: Process;
let number = 0;
beforeEach(async () => {
  number += 1;
  tenant = `keys-${number}`;
  caller = { ...OWNER, tenant };
  deps = processOf(await openFileKeys(database.dataDir));
  await deps.keys.ensure(tenant);
  await settleKeys(deps, tenant);
  await sealOne();
});

/** Seals a record of no importance, as `by`. @returns its hash. */
async function sealOne(by: Signer = deps.keys.forTenant(tenant).record, own: Process = deps): Promise<string> {
  const action = `freeze:${randomUUID()}`;
  const record: OtherRecord = {
    v: 1,
    type: 'freeze',
    tenant,
    action,
    seq: 0,
    prev: null,
    at: new Date(own.clock.ms).toISOString(),
    requestHash: null,
    by: 'key:first',
    reason: null,
    body: { state: 'frozen', scope: 'surface', value: 'a.b' },
  };
  const facets = { surface: null, actor: null, approver: null, decision: null };
  const staged = await signRecord({ record }, by, facets);
  await own.sequencer.append(tenant, [staged]);
  return staged.recordHash;
}

const rotate = (use: SigningUse, own: Process = deps) => rotateKey(own, caller, { use, reason });
const later = (seconds: number): void => void (deps.clock.ms += seconds * 1000);
const trustOf = ({ record, log }: ReturnType<Keys['forTenant']>): Trust => ({
  recordKeys: [record.publicJwk],
  logKeys: [log.vkey],
});
const receipt = (hash: string): Promise<Receipt> => deps.logReader.receipt(tenant, hash);

function audit(trust: Trust): Promise<AuditReport> {
  const log = logFiles(deps.logReader, tenant);
  const files: LogFiles = async (path) =>
    path === 'keys.json' ? Buffer.from(JSON.stringify(await keyHistory(deps, tenant))) : log(path);
  return auditLog({ files, trust, verify: nodeVerify });
}

const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
    return 'it worked';
  } catch (error) {
    if (isCountersignError(error)) return error.code;
    throw error;
  }
};

describe('a rotation', () => {
  it.each(['record', 'permit', 'log', 'attestation'] as const)(
    'of the %s key is told by a record of the old record key',
    async (use) => {
      const old = trustOf(deps.keys.forTenant(tenant));
      const oldKid = deps.keys.periods(tenant, use).findLast(({ until }) => until === null)?.kid;
      const rotated = await rotate(use);
      expect(rotated).toMatchObject({ use, signer: 'file', replaces: oldKid });
      const verified = await verifyReceipt(await receipt(rotated.record), old, { verify: nodeVerify });
      expect(verified.record).toMatchObject({
        type: 'key',
        by: 'key:first',
        reason,
        body: { use, kid: rotated.kid, replaces: oldKid },
      });
      const signing = deps.keys.periods(tenant, use).findLast(({ until, pending }) => until === null && !pending);
      expect(signing?.kid).toBe(rotated.kid);
      expect((await audit(old)).findings).toEqual([]);
    },
  );

  it('leaves old receipts valid, and lets whoever has only the old keys follow, again and again', async () => {
    const old = trustOf(deps.keys.forTenant(tenant));
    const before = await receipt(await sealOne());
    for (let round = 0; round < 3; round += 1) {
      for (const use of ['log', 'record'] as const) {
        await rotateKey(deps, caller, { use, reason, besideDays: 0 });
        await sealOne();
      }
    }
    const history = await keyHistory(deps, tenant);
    const { trust, steps } = await followKeys(old, history, { verify: nodeVerify });
    expect(steps).toHaveLength(6);
    expect(await reasonOf(() => verifyReceipt(before, old, { verify: nodeVerify }))).toBe('valid');
    const now = await receipt(await sealOne());
    expect(await reasonOf(() => verifyReceipt(now, old, { verify: nodeVerify }))).toBe('note-key-unknown');
    expect(await reasonOf(() => verifyReceipt(now, trust, { verify: nodeVerify }))).toBe('valid');
    expect(await reasonOf(() => verifyReceipt(before, trust, { verify: nodeVerify }))).toBe('valid');
    const report = await audit(old);
    expect(report.findings).toEqual([]);
    expect(report.trust.logKeys).toHaveLength(4);
    // The next auditor begins with today's keys, and has nothing to follow.
    expect((await audit(trustOf(deps.keys.forTenant(tenant)))).findings.map(({ code }) => code)).not.toContain(
      'key-history-wrong',
    );
  });

  it('a checkpoint is signed by both log keys for as long as was said', async () => {
    const names = async () => parseNote(await deps.logReader.checkpoint(tenant)).signatures.map(({ id }) => id);
    const [old] = await names();
    await rotateKey(deps, caller, { use: 'log', reason, besideDays: 1 });
    await sealOne();
    const both = await names();
    expect(both).toHaveLength(2);
    expect(both[1]).toBe(old);
    expect(deps.keys.forTenant(tenant).log.key.id).toBe(both[0]);
    await rotateKey(deps, caller, { use: 'log', reason, besideDays: 0 });
    await sealOne();
    // The first one's day is not over; the second one's time was none.
    expect(await names()).toEqual([deps.keys.forTenant(tenant).log.key.id, old]);
  });

  it('a history of strangers leads nowhere, and one that was altered is refused', async () => {
    await rotate('record');
    const stranger = trustOf((await openFileKeys(database.dataDir)).forTenant(`${tenant}-other`));
    const history = await keyHistory(deps, tenant);
    const followed = await followKeys(stranger, history, { verify: nodeVerify });
    expect(followed).toEqual({ trust: stranger, steps: [] });
    const altered = structuredClone(history);
    const [first] = altered.receipts;
    if (first !== undefined) first.envelope.payload = first.envelope.payload.replace(/^./, 'f');
    const old = {
      recordKeys: history.keys.filter(({ use }) => use === 'record').map(({ key }) => key),
      logKeys: [deps.keys.forTenant(tenant).log.vkey],
    };
    expect(await reasonOf(() => followKeys(old, altered, { verify: nodeVerify }))).toBe('inclusion-wrong');
    expect(await reasonOf(() => followKeys(old, { kind: 'other' }, { verify: nodeVerify }))).toBe(
      'key-history-malformed',
    );
  });

  it('is an owner’s to ask for', async () => {
    const clerk = { ...caller, actors: ['agent:support-bot'] };
    expect(await codeOf(() => rotateKey(deps, clerk, { use: 'record', reason }))).toBe('forbidden');
    expect(await codeOf(() => revokeKey(deps, clerk, { kid: 'x', reason }))).toBe('forbidden');
    expect(() => signingKeys(deps, clerk)).toThrow(expect.objectContaining({ code: 'forbidden' }) as Error);
  });
});

describe('several processes', () => {
  it('rotate one after the other, and every one hears of it', async () => {
    const [a, b] = await Promise.all(
      [1, 2].map(async () => processOf(await openFileKeys(database.dataDir), await database.open())),
    );
    if (a === undefined || b === undefined) throw new Error('two processes');
    b.keys.forTenant(tenant);
    const rotated = await Promise.all([
      rotate('record', a),
      rotate('record', b),
      rotate('permit', b),
      rotate('record', a),
    ]);
    expect(new Set(rotated.map(({ kid }) => kid)).size).toBe(4);
    const records = deps.keys.periods(tenant, 'record');
    expect(records.filter(({ until, pending }) => until === null && !pending)).toHaveLength(1);
    expect(records).toHaveLength(4);
    // Whoever verifies sees it at once; whoever signs, within a second.
    expect(b.keys.forTenant(tenant).permitKeys[0]?.kid).toBe(rotated[2]?.kid);
    const last = records.findLast(({ until }) => until === null)?.kid;
    for (const { keys } of [a, b, deps]) {
      await eventually('the new key signs', () => keys.forTenant(tenant).record.kid === last || undefined);
    }
    const first = records[0];
    const trust = { recordKeys: [first?.jwk], logKeys: [deps.keys.forTenant(tenant).log.vkey] };
    expect((await audit(trust)).findings).toEqual([]);
  });

  it('a process that has not heard of a log key goes on, and so does one that has', async () => {
    const other = processOf(await openFileKeys(database.dataDir), await database.open());
    await sealOne(other.keys.forTenant(tenant).record, other);
    await rotate('log');
    await sealOne();
    await sealOne(other.keys.forTenant(tenant).record, other);
    await sealOne();
    expect((await audit(trustOf(deps.keys.forTenant(tenant)))).findings).toEqual([]);
  });
});

describe('a crash', () => {
  /** The process dies at a call of its keys: nothing after it happens. */
  const dyingAt = (method: 'activate' | 'prepare'): Process => {
    const keys = new Proxy(deps.keys, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...input: unknown[]): unknown => {
          if (name === method && method === 'activate') throw new Error('killed');
          const result: unknown = Reflect.apply(value, target, input);
          if (name !== method) return result;
          return (result as Promise<unknown>).then(() => Promise.reject(new Error('killed')));
        };
      },
    });
    return { ...deps, keys };
  };

  it('after the new key was made: the next rotation brings that very key into use', async () => {
    await expect(rotate('record', dyingAt('prepare'))).rejects.toThrow('killed');
    const [ready] = deps.keys.periods(tenant, 'record').filter(({ pending }) => pending);
    expect(signingKeys(deps, caller).filter(({ pending }) => pending)).toHaveLength(1);
    expect((await keyHistory(deps, tenant)).keys.map(({ kid }) => kid)).not.toContain(ready?.kid);
    await settleKeys(deps, tenant);
    expect(deps.keys.forTenant(tenant).record.kid).not.toBe(ready?.kid);
    expect((await rotate('record')).kid).toBe(ready?.kid);
  });

  it('after it was sealed: the next start brings it into use', async () => {
    const old = trustOf(deps.keys.forTenant(tenant));
    await expect(rotate('log', dyingAt('activate'))).rejects.toThrow('killed');
    const before = deps.keys.forTenant(tenant).log.vkey;
    await settleKeys(deps, tenant);
    expect(deps.keys.forTenant(tenant).log.vkey).not.toBe(before);
    await settleKeys(deps, tenant);
    expect(deps.keys.periods(tenant, 'log')).toHaveLength(2);
    await sealOne();
    const { trust } = await followKeys(old, await keyHistory(deps, tenant), { verify: nodeVerify });
    expect(trust.logKeys).toContain(deps.keys.forTenant(tenant).log.vkey);
  });
});

describe('a revocation', () => {
  const stolen = async (): Promise<{ thief: Signer; kid: string }> => {
    const thief = deps.keys.forTenant(tenant).record;
    await rotate('record');
    later(31);
    return { thief, kid: thief.kid };
  };

  it('comes after a rotation, when what the old key signed is in the log', async () => {
    const { kid } = deps.keys.forTenant(tenant).record;
    expect(await codeOf(() => revokeKey(deps, caller, { kid, reason }))).toBe('conflict');
    await rotate('record');
    const soon = await revokeKey(deps, caller, { kid, reason }).catch((error: unknown) => error);
    expect(soon).toMatchObject({ code: 'conflict', extensions: { retryAfter: 30 } });
    later(31);
    expect(await revokeKey(deps, caller, { kid, reason })).toMatchObject({ kid, revoked: { from: 2 } });
    expect(await codeOf(() => revokeKey(deps, caller, { kid, reason }))).toBe('conflict');
    expect(await codeOf(() => revokeKey(deps, caller, { kid: 'nobody', reason }))).toBe('not-found');
  });

  it('what the key signs afterwards is refused, what it signed before is as valid as ever', async () => {
    const old = trustOf(deps.keys.forTenant(tenant));
    const honest = await sealOne();
    const { thief, kid } = await stolen();
    const { revoked } = await revokeKey(deps, caller, { kid, reason });
    const forged = await sealOne(thief);
    const history = await keyHistory(deps, tenant);
    const { trust } = await followKeys(old, history, { verify: nodeVerify });
    const jwks: Trust = { recordKeys: recordJwks(history), logKeys: trust.logKeys };
    for (const known of [trust, jwks]) {
      expect(await reasonOf(async () => verifyReceipt(await receipt(honest), known, { verify: nodeVerify }))).toBe(
        'valid',
      );
      expect(await reasonOf(async () => verifyReceipt(await receipt(forged), known, { verify: nodeVerify }))).toBe(
        'record-key-revoked',
      );
    }
    const report = await audit(old);
    expect(report.findings).toMatchObject([{ code: 'key-revoked', index: (revoked?.from ?? 0) + 1 }]);
  });

  it('may reach back: what the key signed from then on is named', async () => {
    const old = trustOf(deps.keys.forTenant(tenant));
    const { thief, kid } = await stolen();
    const forged = await sealOne(thief);
    const { index } = (await receipt(forged)).log;
    await revokeKey(deps, caller, { kid, reason, from: index });
    expect((await audit(old)).findings).toMatchObject([{ code: 'key-revoked', index }]);
    expect(await codeOf(() => revokeKey(deps, caller, { kid, reason, from: 10_000 }))).toBe('conflict');
  });

  it('of a log key: no later checkpoint of it counts', async () => {
    const { log } = deps.keys.forTenant(tenant);
    const old = trustOf(deps.keys.forTenant(tenant));
    const before = await receipt(await sealOne());
    await rotate('log');
    later(31);
    const { kid } = deps.keys.periods(tenant, 'log')[0] ?? { kid: '' };
    await revokeKey(deps, caller, { kid, reason });
    await sealOne();
    expect(parseNote(await deps.logReader.checkpoint(tenant)).signatures).toHaveLength(1);
    const { trust } = await followKeys(old, await keyHistory(deps, tenant), { verify: nodeVerify });
    expect(await reasonOf(() => verifyReceipt(before, trust, { verify: nodeVerify }))).toBe('valid');
    // Whoever stole it signs a longer log of their own.
    const rival = createSequencer({
      store: database.store,
      keys: { forTenant: () => ({ log, logKeys: deps.keys.forTenant(tenant).logKeys }) },
    });
    const hash = await sealOne(deps.keys.forTenant(tenant).record, { ...deps, sequencer: rival });
    expect(await reasonOf(async () => verifyReceipt(await receipt(hash), trust, { verify: nodeVerify }))).toBe(
      'log-key-revoked',
    );
    expect((await audit(old)).findings[0]).toMatchObject({ code: 'checkpoint-invalid', reason: 'log-key-revoked' });
    expect(formatVkey(log.key)).toBe(log.vkey);
  });

  it('of permit and attestation keys: nothing signed with them is accepted any more', async () => {
    const { kid } = deps.keys.forTenant(tenant).permit;
    const attesting = deps.keys.attestation.kid;
    await rotate('permit');
    await rotate('attestation');
    expect(deps.keys.forTenant(tenant).permitKeys.map((key) => key.kid)).toContain(kid);
    expect(deps.keys.attestationKeys.map((key) => key.kid)).toContain(attesting);
    later(31);
    await revokeKey(deps, caller, { kid, reason });
    await revokeKey(deps, caller, { kid: attesting, reason });
    expect(deps.keys.forTenant(tenant).permitKeys.map((key) => key.kid)).not.toContain(kid);
    expect(deps.keys.forTenant(tenant).allPermitKeys.map((key) => key.kid)).not.toContain(kid);
    expect(deps.keys.attestationKeys.map((key) => key.kid)).not.toContain(attesting);
  });
});
