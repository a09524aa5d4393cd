import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLogReader, createSequencer, type StagedRecord } from '../../src/sequencer/index.ts';
import type { TenantKeys } from '../../src/keys/index.ts';
import { checkLog, tamper, type CheckedLog } from '../support/check-log.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { anyPayload, anyState, AT, stageRecord, type Draft } from '../support/records.ts';
import { untyped } from '../support/untyped.ts';

let world: TestDatabase;
const looks: CheckedLog[] = [];

beforeAll(async () => {
  world = await openTestDatabase();
});
afterEach(async () => {
  looks.push(await checkLog(world, looks));
});
afterAll(() => world.close());

const stage = (draft: Draft): Promise<StagedRecord> =>
  stageRecord(world.keys.forTenant(draft.tenant ?? 'default').record, draft);
const sequencer = () => createSequencer(world);

let made = 0;
const freshAction = (): string => `act_${String(++made).padStart(8, '0')}`;

describe('append', () => {
  it('gives records consecutive positions and answers with what it stored', async () => {
    const action = freshAction();
    const first = await stage({ action });
    const second = await stage({ action, seq: 1, prev: first.recordHash });
    const sealed = await sequencer().append('default', [first, second]);
    expect(sealed).toEqual([
      { index: 0, recordHash: first.recordHash, envelope: first.envelope, existing: false },
      { index: 1, recordHash: second.recordHash, envelope: second.envelope, existing: false },
    ]);
  });

  it('takes everything that waits in few commits and keeps the order of calls', async () => {
    const writer = sequencer();
    const records = await Promise.all(Array.from({ length: 700 }, () => stage({ action: freshAction() })));
    const before = looks.at(-1)?.size ?? 0;
    const sealed = (await Promise.all(records.map((record) => writer.append('default', [record])))).flat();
    expect(sealed.map(({ index }) => index)).toEqual(records.map((_, i) => before + i));
  });

  it('answers a repeated call with what is sealed, also when the record differs', async () => {
    const action = freshAction();
    const one = await stage({ action, note: 'one' });
    const other = await stage({ action, note: 'other' });
    const [sealed] = await sequencer().append('default', [one]);
    for (const writer of [sequencer(), sequencer()]) {
      const [again] = await writer.append('default', [other]);
      expect(again).toMatchObject({ index: sealed?.index, recordHash: one.recordHash, existing: true });
      expect(Buffer.from(again?.envelope ?? [])).toEqual(Buffer.from(one.envelope));
    }
  });

  it('seals nothing of a call whose first record is sealed already', async () => {
    const action = freshAction();
    const one = await stage({ action, note: 'one' });
    const writer = sequencer();
    await writer.append('default', [one]);
    const other = await stage({ action, note: 'other' });
    const next = await stage({ action, seq: 1, prev: other.recordHash });
    const sealed = await writer.append('default', [other, next]);
    expect(sealed).toEqual([expect.objectContaining({ recordHash: one.recordHash, existing: true })]);
  });

  it('lets one of 20 identical concurrent calls win, in one process and in several', async () => {
    const action = freshAction();
    const records = await Promise.all(Array.from({ length: 20 }, (_, i) => stage({ action, note: `call ${i}` })));
    const writers = [sequencer(), createSequencer({ store: await world.open(), keys: world.keys })];
    const sealed = (
      await Promise.all(
        records.map((record, i) =>
          (untyped(writers[i % 2]) as ReturnType<typeof sequencer>).append('default', [record]),
        ),
      )
    ).flat();
    expect(sealed.filter(({ existing }) => !existing)).toHaveLength(1);
    expect(new Set(sealed.map(({ recordHash }) => recordHash)).size).toBe(1);
  });

  it('keeps tenants in logs of their own', async () => {
    const records = await Promise.all(['one', 'two'].map((tenant) => stage({ tenant, action: 'act_same' })));
    const writer = sequencer();
    const [one, two] = await Promise.all([
      writer.append('one', [records[0] as StagedRecord]),
      writer.append('two', [records[1] as StagedRecord]),
    ]);
    expect([one[0]?.index, two[0]?.index]).toEqual([0, 0]);
    for (const tenant of ['one', 'two']) expect((await checkLog({ ...world, tenant })).size).toBe(1);
    expect(await world.store.records.get('two', records[0]?.recordHash ?? '')).toBeNull();
  });

  it('writes projection, permit and given-back reservations with the record, or none of them', async () => {
    const action = freshAction();
    const { store } = world;
    const now = new Date(AT);
    const query = { limit: 'p/daily', key: ['a'], windowMs: 1000 };
    const { committed } = await store.limits.decide('default', action, [query], now, () =>
      Promise.resolve({ reservations: [{ ...query, amount: '5', max: '9' }], value: null }),
    );
    await committed;
    const projection = {
      status: 'released',
      surface: 'payments.refund',
      actor: 'agent:nul\0byte',
      requester: 'key:1',
      bundle: null,
      view: anyState({ z: 1, a: ['\0', 'ü'] }),
      sealedPermit: 'sealed',
      createdAt: AT,
      updatedAt: AT,
      expiresAt: null,
    };
    const permit = { jti: `jti-${action}`, audience: 'payments.refund', requestHash: 'sha256:1', expiresAt: AT };
    const record = await stage({ action });
    await sequencer().append('default', [{ ...record, projection, permit, releaseReservations: true }]);
    expect(await store.actions.get('default', action)).toEqual({
      ...projection,
      tenant: 'default',
      id: action,
      retainUntil: null,
      actor: 'agent:nul\uFFFDbyte',
    });
    expect(await store.actions.get('other', action)).toBeNull();
    const life = await store.lives.read('default', action, permit.jti);
    expect(life?.permit).toMatchObject({ action, redeemedAt: null });
    expect(await store.limits.usage('default', 'act_other', [query], now)).toEqual([
      { limit: 'p/daily', key: ['a'], used: '0' },
    ]);

    const twin = await stage({ action: freshAction() });
    const bystander = await stage({ action: freshAction() });
    const writer = sequencer();
    const results = await Promise.allSettled([
      writer.append('default', [await stage({ action: freshAction() })]),
      writer.append('default', [{ ...twin, projection, permit }]),
      writer.append('default', [bystander]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.actions.get('default', twin.action)).toBeNull();
    expect(await store.records.get('default', twin.recordHash)).toBeNull();
  });

  it('finds closed actions whose retention has passed, and deletes payload and key with the record that says so', async () => {
    const { store } = world;
    const payloads = store.payloads;
    const close = async (
      status: string,
      retainUntil: string | null,
      more: Partial<StagedRecord> = {},
      prev?: string,
    ) => {
      const action = more.action ?? freshAction();
      const projection = {
        ...{ status, surface: 's', actor: 'a', requester: 'r', bundle: null, view: anyState({}), sealedPermit: null },
        ...{ createdAt: AT, updatedAt: AT, expiresAt: null, retainUntil },
      };
      const seq = prev === undefined ? {} : { seq: 1, prev };
      // Before the action is stored: afterwards there is none to make.
      await payloads.create('default', action, anyPayload({ of: action }));
      const [sealed] = await sequencer().append('default', [
        { ...(await stage({ action, ...seq })), projection, ...more },
      ]);
      return { action, hash: sealed?.recordHash ?? '' };
    };
    const due = async (): Promise<string[]> =>
      (await store.actions.due(new Date('2020-01-03T00:00:00.000Z'), 10)).map(({ id }) => id);
    const { action: later } = await close('executed', '2020-01-02T00:00:00.000Z');
    const { action: first, hash } = await close('refused', '2020-01-01T00:00:00.000Z');
    await close('supervised', '2020-01-01T00:00:00.000Z');
    await close('executed', '2020-01-04T00:00:00.000Z');
    await close('executed', null);
    expect(await due()).toEqual([first, later]);
    await store.actions.postpone('default', first, new Date('2020-01-02T12:00:00.000Z'));
    expect(await due()).toEqual([later, first]);

    // A record that is sealed already deletes nothing, however it is called.
    await close('refused', null, { action: first, erasesPayload: true });
    expect(await payloads.read('default', first)).not.toBeNull();
    await close('refused', null, { action: first, erasesPayload: true }, hash);
    expect(await payloads.read('default', first)).toBeNull();
    expect(await payloads.create('default', first, anyPayload({ of: first }))).toBeNull();
    expect(await payloads.read('default', later)).toMatchObject({ payload: { of: later } });
    expect(await due()).toEqual([later]);
  });

  it.each([
    ['an empty envelope', { envelope: new Uint8Array(0) }],
    ['an envelope of 65,536 bytes', { envelope: new Uint8Array(65_536) }],
    ['a hash that is none', { recordHash: 'sha256:xyz' }],
    ['a negative number', { seq: -1 }],
  ])('refuses %s', async (_, broken) => {
    const record = await stage({ action: freshAction() });
    await expect(sequencer().append('default', [{ ...record, ...broken }])).rejects.toMatchObject({
      code: 'invalid-evidence',
    });
  });
});

describe('a signer that fails', () => {
  const withSigner = (sign: TenantKeys['log']['sign']) =>
    createSequencer({
      ...world,
      keys: { forTenant: (tenant) => ({ log: { ...world.keys.forTenant(tenant).log, sign } }) },
    });

  it('seals nothing, and the same call later does', async () => {
    const record = await stage({ action: freshAction() });
    let down = true;
    const { sign } = world.keys.forTenant('default').log;
    const writer = withSigner((message) => (down ? Promise.reject(new Error('KMS is down')) : sign(message)));
    await expect(writer.append('default', [record])).rejects.toMatchObject({ code: 'unavailable' });
    expect(await world.store.records.get('default', record.recordHash)).toBeNull();
    down = false;
    expect(await writer.append('default', [record])).toMatchObject([{ existing: false }]);
    down = true;
    const next = await stage({ action: freshAction() });
    await expect(writer.append('default', [next])).rejects.toMatchObject({ code: 'unavailable' });
    expect(await world.store.records.get('default', next.recordHash)).toBeNull();
  });
});

describe('several writers', () => {
  it('make one log without gap, fork or double entry', async () => {
    const before = looks.at(-1)?.size ?? 0;
    const stores = await Promise.all([world.open(2), world.open(2), world.open(2)]);
    const writers = stores.map((store) => createSequencer({ store, keys: world.keys }));
    const actions = Array.from({ length: 120 }, freshAction);
    const sealed = await Promise.all(
      writers.flatMap((writer, w) =>
        actions.map(async (action) => writer.append('default', [await stage({ action, note: `writer ${w}` })])),
      ),
    );
    const fresh = sealed.flat().filter(({ existing }) => !existing);
    expect(fresh.map(({ index }) => index).sort((a, b) => a - b)).toEqual(actions.map((_, i) => before + i));
    expect(new Set(sealed.flat().map(({ recordHash }) => recordHash)).size).toBe(actions.length);
  });
});

describe('a head that somebody edited', () => {
  it.each([
    ['root', `update log_head set root = sha256('x') where tenant = 'edited'`],
    ['frontier', `update log_head set frontier = sha256('x') where tenant = 'edited'`],
    ['size', `update log_head set size = size - 1 where tenant = 'edited'`],
    ['checkpoint', `update log_head set checkpoint = replace(checkpoint, 'edited', 'edired') where tenant = 'edited'`],
  ])('is not grown (%s)', async (_, statement) => {
    const tenant = 'edited';
    const action = (n: number): string => `${freshAction()}-${n}`;
    await sequencer().append(tenant, [await stage({ tenant, action: action(1) })]);
    await sequencer().append(tenant, [await stage({ tenant, action: action(2) })]);
    await tamper(world.postgres.connectionString, 'create table kept as select * from log_head');
    await tamper(world.postgres.connectionString, statement);
    await expect(sequencer().append(tenant, [await stage({ tenant, action: action(3) })])).rejects.toMatchObject({
      code: 'invalid-evidence',
    });
    await tamper(
      world.postgres.connectionString,
      `update log_head h set size = k.size, root = k.root, frontier = k.frontier, checkpoint = k.checkpoint
       from kept k where k.tenant = h.tenant`,
    );
    await tamper(world.postgres.connectionString, 'drop table kept');
    await sequencer().append(tenant, [await stage({ tenant, action: action(4) })]);
    await checkLog({ ...world, tenant });
  });
});

describe('the log as others read it', () => {
  it('proves that every earlier size is a beginning of the present one', async () => {
    const reader = createLogReader(world);
    const { verifyConsistency } = await import('../../src/ledger/index.ts');
    const size = looks.at(-1)?.size ?? 0;
    const root = looks.at(-1)?.root ?? new Uint8Array(0);
    for (const past of looks) {
      const proof = await reader.consistency('default', past.size, size);
      const hashes = proof.map((hash) => new Uint8Array(Buffer.from(hash, 'base64')));
      expect(verifyConsistency(past.size, size, hashes, past.root, root)).toBe(true);
    }
    await expect(reader.consistency('default', 0, size + 1)).rejects.toMatchObject({ code: 'invalid-request' });
  });

  it.each(['sha256:nothing', `sha256:${'0'.repeat(64)}`])('has no receipt for %s', async (hash) => {
    await expect(createLogReader(world).receipt('default', hash)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('has no checkpoint for a tenant that sealed nothing', async () => {
    const reader = createLogReader(world);
    expect(await reader.exists('nobody')).toBe(false);
    expect(await reader.tile('nobody', 0, 0, 1)).toBeNull();
    await expect(reader.checkpoint('nobody')).rejects.toMatchObject({ code: 'not-found' });
  });
});
