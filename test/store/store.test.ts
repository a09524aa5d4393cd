import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSequencer } from '../../src/sequencer/index.ts';
import { DIGEST_MAX, openStore, type Review, type Store } from '../../src/store/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { anyPayload, anyState, AT, stageRecord } from '../support/records.ts';

let world: TestDatabase;
let store: Store;

beforeAll(async () => {
  world = await openTestDatabase();
  store = world.store;
});
afterAll(() => world.close());

const at = (seconds: number): string => new Date(Date.parse(AT) + seconds * 1000).toISOString();

async function raw(statement: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: world.postgres.connectionString });
  await client.connect();
  try {
    return (await client.query(statement, values)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

describe('opening', () => {
  it('migrates once, however often and from however many processes at once', async () => {
    const others = await Promise.all([world.open(), world.open(), world.open()]);
    await Promise.all(others.map((other) => other.migrate()));
    await store.migrate();
    const steps = readdirSync(new URL('../../src/store/migrations', import.meta.url)).length;
    expect(await raw('select count(*)::int as count from kysely_migration')).toEqual([{ count: steps }]);
  });

  it('refuses a database that a newer version wrote', async () => {
    await raw(`insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01')`);
    await expect(store.migrate()).rejects.toMatchObject({ code: 'configuration' });
    await raw(`delete from kysely_migration where name = '9999-later'`);
    await store.migrate();
  });

  it.each([
    ['not an address', 'mysql://localhost/x', 'configuration'],
    ['a wrong password', 'guess', 'configuration'],
    ['a database that is not there', 'nothing', 'configuration'],
    ['nobody who answers', 'postgres://u:p@127.0.0.1:1/postgres', 'unavailable'],
  ])('fails on %s without a word of the password', async (_, how, code) => {
    const url = new URL(world.postgres.connectionString);
    if (how === 'guess') url.password = how;
    if (how === 'nothing') url.pathname = `/${how}`;
    const connectionString = how.includes(':') ? how : url.href;
    const opening = openStore({ connectionString, cipher: world.keys.payloadCipher });
    await expect(opening).rejects.toMatchObject({ code });
    await opening.catch((error: unknown) => expect(String(error)).not.toContain(url.password));
  });

  it('refuses a server that may lose what it committed', async () => {
    const url = new URL(world.postgres.connectionString);
    url.searchParams.set('options', '-c synchronous_commit=off');
    const connectionString = url.href.replaceAll('+', '%20');
    const careless = await openStore({ connectionString, cipher: world.keys.payloadCipher });
    await expect(careless.migrate()).rejects.toMatchObject({ code: 'configuration' });
    await careless.close();
  });
});

describe('payloads', () => {
  const payload = anyPayload({ request: { params: { amount: 420.5, note: 'zażółć \u0000 𝄞' }, order: ['z', 'a'] } });

  it('keeps the first of many at once, and gives everybody its key', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.payloads.create('default', 'act_race', anyPayload({ n }))),
    );
    const [first] = all;
    for (const one of all) expect(one).toEqual(first);
    expect(await store.payloads.read('default', 'act_race')).toEqual(first);
  });

  it('reads back exactly what was stored, changed or erased', async () => {
    const created = await store.payloads.create('default', 'act_p', payload);
    const actionKey = created?.actionKey;
    expect(actionKey).toHaveLength(32);
    expect(await store.payloads.read('default', 'act_p')).toEqual({ payload, actionKey });
    expect(await store.payloads.update('default', 'act_p', () => anyPayload({ changed: true }))).toBe(true);
    expect(await store.payloads.read('default', 'act_p')).toEqual({ payload: { changed: true }, actionKey });
    await store.payloads.erase('default', 'act_p');
    expect(await store.payloads.read('default', 'act_p')).toBeNull();
    expect(await store.payloads.update('default', 'act_p', (kept) => kept)).toBe(false);
    expect(await raw(`select * from action_payload where action = 'act_p'`)).toEqual([]);
  });

  it('loses none of many changes at once', async () => {
    await store.payloads.create('default', 'act_many', anyPayload({}));
    const names = Array.from({ length: 12 }, (_, n) => `part${n}`);
    await Promise.all(
      names.map((name) => store.payloads.update('default', 'act_many', (kept) => ({ ...kept, [name]: true }))),
    );
    const stored = await store.payloads.read('default', 'act_many');
    expect(Object.keys(stored?.payload as object).sort()).toEqual([...names].sort());
  });

  it('is another tenant’s never', async () => {
    await store.payloads.create('one', 'act_t', payload);
    expect(await store.payloads.read('two', 'act_t')).toBeNull();
  });

  it('opens only where it was stored, and only unchanged', async () => {
    const secret = randomBytes(12).toString('hex');
    await store.payloads.create('default', 'act_x', anyPayload({ secret }));
    await store.payloads.create('default', 'act_y', anyPayload({ secret }));
    const [row] = await raw(`select ciphertext from action_payload where action = 'act_x'`);
    expect((row?.['ciphertext'] as Buffer).includes(secret)).toBe(false);
    await raw(`update action_payload y set ciphertext = x.ciphertext, wrapped_key = x.wrapped_key from action_payload x
      where x.action = 'act_x' and y.action = 'act_y'`);
    await expect(store.payloads.read('default', 'act_y')).rejects.toMatchObject({ code: 'unavailable' });
    await raw(
      `update action_payload set ciphertext = set_byte(ciphertext, 40, get_byte(ciphertext, 40) # 1) where action = 'act_x'`,
    );
    await expect(store.payloads.read('default', 'act_x')).rejects.toMatchObject({ code: 'invalid-evidence' });
  });
});

const PROJECTION = {
  surface: 'payments.refund',
  actor: 'agent:x',
  requester: 'key:1',
  bundle: null,
  view: anyState({}),
  sealedPermit: null,
  createdAt: AT,
  updatedAt: AT,
  expiresAt: null,
};

describe('permits', () => {
  const released = async (action: string, jti: string, status = 'released') => {
    const record = await stageRecord(world.keys.forTenant('default').record, { action });
    const permit = { jti, audience: 'payments.refund', requestHash: 'sha256:1', expiresAt: at(300) };
    const projection = { ...PROJECTION, status };
    await createSequencer(world).append('default', [{ ...record, permit, projection }]);
    return { record, permit };
  };
  const redemption = (action: string, jti: string, seq = 1) =>
    stageRecord(world.keys.forTenant('default').record, { action, seq }).then((record) => ({
      ...record,
      redeems: jti,
    }));

  it('are used up once by 50 callers from several pools', async () => {
    const { permit } = await released('act_permit', 'jti-1');
    const stores = [store, await world.open(), await world.open()];
    const sequencers = stores.map((one) => createSequencer({ ...world, store: one }));
    const staged = await redemption('act_permit', 'jti-1');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        (sequencers[n % 3] as ReturnType<typeof createSequencer>).append('default', [staged]),
      ),
    );
    expect(answers.filter(([sealed]) => sealed?.existing === false)).toHaveLength(1);
    expect((await store.lives.read('default', 'act_permit', 'jti-1'))?.permit).toEqual({
      ...permit,
      action: 'act_permit',
      redeemedAt: staged.at,
    });
  });

  it('are read together with all else of their action', async () => {
    const payload = await store.payloads.create('default', 'act_life', anyPayload({ amount: 7 }));
    const { record, permit } = await released('act_life', 'jti-life');
    const [entry] = await store.records.ofAction('default', 'act_life');
    const before = await store.lives.read('default', 'act_life', 'jti-life');
    expect(before).toEqual({
      row: await store.actions.get('default', 'act_life'),
      entries: [{ index: entry?.index, envelope: Buffer.from(record.envelope) }],
      payload,
      permit: { ...permit, action: 'act_life', redeemedAt: null },
    });
    const redeemed = await redemption('act_life', 'jti-life');
    await createSequencer(world).append('default', [redeemed]);
    await store.payloads.erase('default', 'act_life');
    const after = await store.lives.read('default', 'act_life', 'jti-life');
    expect(after?.entries.map(({ envelope }) => Buffer.from(envelope))).toEqual(
      [record, redeemed].map(({ envelope }) => Buffer.from(envelope)),
    );
    expect([after?.permit?.redeemedAt, after?.payload]).toEqual([redeemed.at, null]);
    expect((await store.lives.read('default', 'act_life', null))?.permit).toBeNull();
    expect(await store.lives.read('other', 'act_life', 'jti-life')).toBeNull();
    expect(await store.lives.read('default', 'act_none', 'jti-life')).toBeNull();
    // The same, and what a look at the log would read.
    const { size } = (await store.looks.at('default', { from: 0, most: 0 })).head ?? { size: 0 };
    const range = { from: size - 2, most: 1 };
    expect(await store.lives.readWithLook('default', 'act_life', 'jti-life', range)).toEqual({
      life: after,
      look: await store.looks.at('default', range),
    });
    expect((await store.looks.at('default', range)).envelopes).toHaveLength(1);
    for (const [tenant, action] of [
      ['default', 'act_none'],
      ['other', 'act_life'],
    ] as const) {
      const { life, look } = await store.lives.readWithLook(tenant, action, 'jti-life', range);
      expect([life, look]).toEqual([null, await store.looks.at(tenant, range)]);
    }
  });

  it.each([
    ['its action is not released', 'act_settled', 'skipped', 'jti-2'],
    ['no such permit was released', 'act_other', 'released', 'jti-none'],
  ])('are not used up where %s', async (_why, action, status, jti) => {
    await released(action, `${action}-own`, status);
    const staged = await redemption(action, jti === 'jti-none' ? jti : `${action}-own`);
    await expect(createSequencer(world).append('default', [staged])).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('small tables', () => {
  it('apiKeys: their tenant is found, and they are listed', async () => {
    const key = {
      id: 'k1',
      hash: 'h1',
      tenant: 'default',
      surfaces: ['a.*', '**'],
      actors: ['*'],
      roles: [],
      groups: [],
      createdAt: AT,
    };
    await store.apiKeys.create(key);
    await store.apiKeys.create({ ...key, surfaces: [] });
    const kept = { ...key, revokedAt: null };
    expect([await store.apiKeys.tenantOf('h1'), await store.apiKeys.tenantOf('h2')]).toEqual(['default', null]);
    expect(await store.apiKeys.list('default')).toEqual([kept]);
    expect(await store.apiKeys.list('other')).toEqual([]);
    expect(await store.apiKeys.revoke('other', 'k1', at(1))).toBe(false);
    expect(await store.apiKeys.revoke('default', 'k1', at(1))).toBe(true);
    expect(await store.apiKeys.revoke('default', 'k1', at(2))).toBe(false);
    expect(await store.apiKeys.list('default')).toEqual([{ ...kept, revokedAt: at(1) }]);
  });

  it('slackMessages: the newest revision stays', async () => {
    const message = {
      tenant: 'default',
      action: 'a',
      workspace: 'T',
      channel: 'C',
      ts: '1.2',
      kind: 'channel',
      person: null,
      shownHash: 'x',
      revision: 2,
    };
    await store.slackMessages.put(message);
    await store.slackMessages.put({ ...message, shownHash: 'old', revision: 1 });
    expect(await store.slackMessages.find('T', 'C', '1.2')).toEqual(message);
    await store.slackMessages.put({ ...message, shownHash: 'new', revision: 3 });
    await store.slackMessages.put({ ...message, action: 'forged', revision: 9 });
    expect(await store.slackMessages.list('default', 'a')).toEqual([{ ...message, shownHash: 'new', revision: 3 }]);
    expect(await store.slackMessages.list('other', 'a')).toEqual([]);
    expect(await store.slackMessages.find('T', 'C', '1.3')).toBeNull();
  });

  it('slackPosts: what was begun is there until it ends', async () => {
    const { slackPosts } = store;
    const post = { tenant: 'default', action: 'act_posts', place: '#one', kind: 'channel', person: null };
    const id = await slackPosts.begin(post);
    const [begun, ...more] = await slackPosts.of('default', 'act_posts');
    expect([begun, more]).toMatchObject([{ ...post, id }, []]);
    expect(Math.abs((begun?.at ?? 0) + (begun?.ageMs ?? 0) - (await store.time()))).toBeLessThan(3_600_000);
    expect(await slackPosts.of('other', 'act_posts')).toEqual([]);
    expect(await slackPosts.left(0, 10)).toEqual([{ tenant: 'default', action: 'act_posts' }]);
    expect(await slackPosts.left(3_600_000, 10)).toEqual([]);
    const message = {
      tenant: 'default',
      action: 'act_posts',
      workspace: 'T',
      channel: 'C',
      ts: '7.1',
      kind: 'channel',
    };
    const shown = { ...message, person: null, shownHash: 'x', revision: 100 };
    // Nobody says that nothing is newer.
    expect(await store.slackMessages.put(shown, id)).toBeNull();
    expect(await slackPosts.of('default', 'act_posts')).toHaveLength(1);
    await slackPosts.end([id]);
    await slackPosts.end([]);
    expect(await slackPosts.of('default', 'act_posts')).toEqual([]);
  });

  it('slackMessages: one that is stored ends its post, unless its action has more records than it shows', async () => {
    const record = await stageRecord(world.keys.forTenant('default').record, { action: 'act_shown' });
    await createSequencer(world).append('default', [
      { ...record, projection: { ...PROJECTION, status: 'supervised' } },
    ]);
    const { slackMessages, slackPosts } = store;
    const post = { tenant: 'default', action: 'act_shown', place: '#one', kind: 'channel', person: null };
    const message = { tenant: 'default', action: 'act_shown', workspace: 'T', channel: 'C', kind: 'channel' };
    const shown = { ...message, person: null, shownHash: 'x' };
    const left = async (): Promise<number> => (await slackPosts.of('default', 'act_shown')).length;
    const rowSays = (records: unknown) =>
      raw(`update action set view = '${JSON.stringify({ action: { records } })}' where id = 'act_shown'`);
    await rowSays(['a', 'b']);
    const [first, second] = [await slackPosts.begin(post), await slackPosts.begin(post)];
    expect([await slackMessages.put({ ...shown, ts: '8.1', revision: 199 }, first), await left()]).toEqual([2, 2]);
    expect([await slackMessages.put({ ...shown, ts: '8.2', revision: 201 }, second), await left()]).toEqual([2, 1]);
    await rowSays(7);
    expect([await slackMessages.put({ ...shown, ts: '8.1', revision: 200 }, first), await left()]).toEqual([null, 1]);
    await slackPosts.end([first]);
  });

  it('digests: what waits at a place is taken once, also from a process that died with it', async () => {
    const { digests } = store;
    const all = ['act_1', 'act_2', 'act_3'];
    const due = (second: number): Date => new Date(at(second));
    for (const [index, id] of all.entries()) {
      // All are due with the first of them.
      expect(await digests.hold('default', id, ['#one', 'user:a'], due(9 + index))).toEqual(due(9));
    }
    await digests.hold('default', 'act_4', ['#other'], due(1));
    await digests.hold('other', 'act_5', ['#one'], due(1));
    expect(await digests.waiting('default', ['#one', '#none', 'user:a'])).toEqual([3, 0, 3]);

    const takes = await Promise.all(all.map((id) => digests.take('default', id, '#one', due(10))));
    const [taken, ...more] = takes.filter((one) => one !== null);
    expect(more).toEqual([]);
    expect(taken?.actions.sort()).toEqual(all);
    const digest = taken?.digest ?? '';
    expect(await digests.of('default', 'act_2')).toEqual([{ id: digest, target: '#one', posted: null, why: null }]);
    // Nobody heard of it again: half a minute later it waits anew.
    expect(await digests.take('default', 'act_2', '#one', due(39))).toBeNull();
    expect(await digests.lost('default', '#one', due(39))).toEqual([]);
    expect(await digests.lost('default', '#one', due(41))).toMatchObject([{ id: digest }]);
    const again = await digests.take('default', 'act_2', '#one', due(41));
    expect(again?.actions.sort()).toEqual(all);
    expect(await digests.actions('default', digest)).toEqual([]);

    const second = again?.digest ?? '';
    await digests.done('default', second, { posted: null, why: null });
    expect(await digests.waiting('default', ['#one'])).toEqual([3]);
    await digests.drop('default', 'act_3');
    const last = await digests.take('default', 'act_1', '#one', due(42));
    expect(last?.actions.sort()).toEqual(['act_1', 'act_2']);
    const posted = { workspace: 'T', channel: 'C', ts: '1.9' };
    await digests.done('default', last?.digest ?? '', { posted, why: null });
    expect(await digests.of('default', 'act_1')).toMatchObject([{ target: '#one', posted }]);
    expect(await digests.of('default', 'act_3')).toEqual([]);

    const lock = (second: number) => digests.lock('default', last?.digest ?? '', due(second));
    expect(await Promise.all([lock(50), lock(50)])).toEqual(expect.arrayContaining([true, false]));
    expect([await lock(79), await lock(81)]).toEqual([false, true]);
    // One message holds as many as fit into it.
    const many = Array.from({ length: DIGEST_MAX + 5 }, (_, n) => `act_m${String(n)}`);
    for (const id of many) await digests.hold('default', id, ['#many'], due(90));
    const first = await digests.take('default', 'act_m24', '#many', due(90));
    expect(first?.actions).toHaveLength(DIGEST_MAX);
    expect(first?.actions).toContain('act_m24');
    expect(await digests.waiting('default', ['#many'])).toEqual([5]);
  });

  it('attempts: kept in order', async () => {
    const attempt = { tenant: 'default', action: 'a', by: 'user:x', door: 'slack', code: 'not-an-approver', at: AT };
    await store.attempts.add(attempt);
    await store.attempts.add({ ...attempt, action: 'b' });
    expect(await store.attempts.list('default', 'a')).toEqual([attempt]);
    expect(await store.attempts.list('default')).toHaveLength(2);
    expect(await store.attempts.list('other')).toEqual([]);
  });

  it('bundles: immutable, and the newest activation is in force', async () => {
    expect(await store.bundles.active('default')).toBeNull();
    await store.bundles.put('default', 'sha256:1', { z: 1, a: '\u0000' });
    await store.bundles.put('default', 'sha256:1', { other: true });
    await store.bundles.put('default', 'sha256:2', null);
    expect(JSON.stringify(await store.bundles.get('default', 'sha256:1'))).toBe('{"z":1,"a":"\\u0000"}');
    expect(await store.bundles.get('other', 'sha256:1')).toBeNull();
    await store.bundles.activate('default', 'sha256:1', 'user:a', AT, 'sha256:r1');
    await store.bundles.activate('default', 'sha256:1', 'user:a', AT, 'sha256:r1');
    await store.bundles.activate('default', 'sha256:2', 'user:b', at(1), 'sha256:r2');
    const newest = { hash: 'sha256:2', by: 'user:b', at: at(1), record: 'sha256:r2' };
    expect(await store.bundles.active('default')).toEqual(newest);
    expect(await store.bundles.history('default')).toEqual([
      { hash: 'sha256:1', by: 'user:a', at: AT, record: 'sha256:r1' },
      newest,
    ]);
    await expect(store.bundles.activate('default', 'sha256:3', 'user:b', AT, 'sha256:r3')).rejects.toMatchObject({
      code: '23503',
    });
  });

  it('freezes: active until lifted', async () => {
    const freeze = {
      id: 'f1',
      tenant: 'default',
      scope: 'surface' as const,
      value: 'a.b',
      reason: 'why',
      by: 'user:a',
      at: AT,
    };
    await store.freezes.add(freeze);
    await store.freezes.add({ ...freeze, reason: 'again' });
    const active = { ...freeze, liftedAt: null, liftedBy: null };
    expect(await store.freezes.active('default')).toEqual([active]);
    expect(await store.freezes.active('other')).toEqual([]);
    expect(await store.freezes.lift('other', 'f1', 'user:b', at(1))).toBe(false);
    expect(await store.freezes.lift('default', 'f1', 'user:b', at(1))).toBe(true);
    expect(await store.freezes.lift('default', 'f1', 'user:c', at(2))).toBe(false);
    expect(await store.freezes.active('default')).toEqual([]);
    expect(await store.freezes.get('default', 'f1')).toEqual({ ...active, liftedAt: at(1), liftedBy: 'user:b' });
  });

  it('delegations: active inside their time and until revoked', async () => {
    const now = Date.parse(AT);
    const delegation = {
      id: 'd1',
      tenant: 'default',
      from: 'user:a',
      to: 'user:b',
      surfaces: ['**'],
      startsAt: now,
      endsAt: now + 1000,
      revokedAt: null,
    };
    await store.delegations.add(delegation);
    const ids = async (when: number, tenant = 'default') =>
      (await store.delegations.active(tenant, new Date(when).toISOString())).map(({ id }) => id);
    expect(await ids(now - 1)).toEqual([]);
    expect(await ids(now)).toEqual(['d1']);
    expect(await ids(now + 999)).toEqual(['d1']);
    expect(await ids(now + 1000)).toEqual([]);
    expect(await ids(now, 'other')).toEqual([]);
    expect(await store.delegations.get('default', 'd1')).toEqual(delegation);
    expect(await store.delegations.revoke('default', 'd1', new Date(now + 500).toISOString())).toBe(true);
    expect(await ids(now + 499)).toEqual(['d1']);
    expect(await ids(now + 500)).toEqual([]);
  });

  it('reviews: by due time and status', async () => {
    const review: Review = {
      id: 'r1',
      tenant: 'default',
      action: 'a',
      openedAt: at(0),
      by: 'user:x',
      dueAt: at(60),
      status: 'open',
      view: {
        verb: 'refund.create',
        surface: 'payments.refund',
        actor: 'agent:x',
        reviewers: ['user:y'],
        result: null,
      },
    };
    await store.reviews.put(review);
    await store.reviews.put({ ...review, id: 'r0', dueAt: at(30) });
    expect((await store.reviews.list('default', 'open')).map(({ id }) => id)).toEqual(['r0', 'r1']);
    await store.reviews.put({ ...review, status: 'done' });
    expect(await store.reviews.get('default', 'r1')).toEqual({ ...review, status: 'done' });
    expect((await store.reviews.list('default', 'open')).map(({ id }) => id)).toEqual(['r0']);
    expect(await store.reviews.list('other')).toEqual([]);
    await store.reviews.put({ ...review, id: 'r2', openedAt: at(10) });
    expect((await store.reviews.opened('default', at(0), at(10), 9)).map(({ id }) => id)).toEqual(['r0', 'r1']);
    expect((await store.reviews.opened('default', at(1), at(11), 9)).map(({ id }) => id)).toEqual(['r2']);
    expect((await store.reviews.opened('default', at(0), at(11), 1)).map(({ id }) => id)).toEqual(['r0']);
  });

  it('publicKeys: an end is set once', async () => {
    const key = {
      tenant: 'default',
      use: 'record' as const,
      kid: 'k',
      key: { kty: 'OKP' },
      since: AT,
      until: null,
      revokedAt: null,
      revokedFrom: null,
    };
    await store.publicKeys.put(key);
    await store.publicKeys.put({ ...key, until: at(1) });
    await store.publicKeys.put({ ...key, key: { kty: 'forged' }, until: at(9), revokedAt: at(2), revokedFrom: 7 });
    expect(await store.publicKeys.list('default')).toEqual([
      { ...key, until: at(1), revokedAt: at(2), revokedFrom: 7 },
    ]);
  });
});

describe('actions', () => {
  it('are listed newest first, page by page, and the parked ones oldest first', async () => {
    const signer = world.keys.forTenant('lists').record;
    const sequencer = createSequencer(world);
    const records = await Promise.all(
      Array.from({ length: 7 }, async (_, n) => ({
        ...(await stageRecord(signer, { tenant: 'lists', action: `act_${n}` })),
        projection: {
          status: n % 2 === 0 ? 'supervised' : 'refused',
          surface: n < 4 ? 'a.b' : 'c.d',
          actor: 'agent:x',
          requester: 'key:1',
          bundle: null,
          view: anyState({}),
          sealedPermit: null,
          createdAt: at(Math.floor(n / 2)),
          updatedAt: AT,
          expiresAt: at(60),
        },
      })),
    );
    await sequencer.append('lists', records);
    const seen: string[] = [];
    for (let before: { createdAt: string; id: string } | undefined; ;) {
      const page = await store.actions.list('lists', { before, limit: 3 });
      seen.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      if (last === undefined) break;
      before = last;
    }
    expect(seen).toEqual(['act_6', 'act_5', 'act_4', 'act_3', 'act_2', 'act_1', 'act_0']);
    expect((await store.actions.list('lists', { surface: 'a.b', status: 'refused' })).map(({ id }) => id)).toEqual([
      'act_3',
      'act_1',
    ]);
    expect((await store.actions.waiting('lists')).map(({ id }) => id)).toEqual(['act_0', 'act_2', 'act_4', 'act_6']);
    expect(await store.actions.waiting('nobody')).toEqual([]);
  });
});

describe('records', () => {
  const tenant = 'search';

  beforeAll(async () => {
    const signer = world.keys.forTenant(tenant).record;
    const staged = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        stageRecord(signer, {
          tenant,
          action: `act_${n}`,
          at: at(n),
          surface: n % 3 === 0 ? 'a.b' : 'c.d',
          actor: `agent:${n % 2}`,
          approver: n % 5 === 0 ? 'user:lead@acme.test' : null,
          decision: n % 10 === 0 ? 'refuse' : 'approve',
          note: `order 100%_${n}`,
        }),
      ),
    );
    await createSequencer(world).append(
      tenant,
      staged.map((record) => (record.facets.approver === null ? record : { ...record, type: 'decision' })),
    );
  });

  const indexes = async (filter: Parameters<Store['records']['list']>[1]): Promise<number[]> =>
    (await store.records.list(tenant, filter, undefined, 100)).records.map(({ index }) => index);
  const all = Array.from({ length: 30 }, (_, n) => 29 - n);

  it.each([
    ['surface', { surface: 'a.b' }, (n: number) => n % 3 === 0],
    ['actor', { actor: 'agent:1' }, (n: number) => n % 2 === 1],
    ['approver', { approver: 'user:lead@acme.test' }, (n: number) => n % 5 === 0],
    ['decision', { decision: 'refuse' }, (n: number) => n % 10 === 0],
    ['type', { type: 'decision' }, (n: number) => n % 5 === 0],
    ['action', { action: 'act_7' }, (n: number) => n === 7],
    ['from and to', { from: at(5), to: at(8) }, (n: number) => n >= 5 && n < 8],
    ['text, taken literally', { q: '100%_1' }, (n: number) => n === 1 || (n >= 10 && n < 20)],
    ['text in any case', { q: 'ORDER 100%_29' }, (n: number) => n === 29],
    ['text that no record has', { q: '100x' }, () => false],
    ['two together', { surface: 'a.b', actor: 'agent:1' }, (n: number) => n % 3 === 0 && n % 2 === 1],
  ])('are found by %s', async (_, filter, want) => {
    expect(await indexes(filter)).toEqual(all.filter(want));
  });

  it('page on without gap or repetition while the log grows', async () => {
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.records.list(tenant, {}, cursor, 7);
      seen.push(...page.records.map(({ index }) => index));
      cursor = page.nextCursor ?? undefined;
      if (seen.length === 7) {
        const signer = world.keys.forTenant(tenant).record;
        const late = await stageRecord(signer, { tenant, action: 'act_late', at: at(-99) });
        await createSequencer(world).append(tenant, [late]);
      }
    } while (cursor !== undefined);
    expect(seen).toEqual(all);
    await expect(store.records.list(tenant, {}, 'bm9uc2Vuc2U', 7)).rejects.toMatchObject({ code: 'invalid-request' });
  });

  it('are read by hash and by range, in their own tenant only', async () => {
    const [first] = await store.records.entries(tenant, 0, 1);
    expect(await store.records.get(tenant, first?.hash ?? '')).toEqual(first);
    expect(first?.record).toMatchObject({ action: 'act_0', seq: 0, tenant });
    expect(await store.records.get('other', first?.hash ?? '')).toBeNull();
    expect(await store.records.get(tenant, 'sha256:x')).toBeNull();
    expect(await store.records.entries(tenant, 28, 30)).toHaveLength(2);
  });

  it('say how people decided about the like before', async () => {
    expect(await store.records.precedents(tenant, { surface: 'a.b' }, at(0))).toEqual({ approved: 1, refused: 1 });
    expect(await store.records.precedents(tenant, { surface: 'c.d' }, at(0))).toEqual({ approved: 2, refused: 2 });
    expect(await store.records.precedents(tenant, { surface: 'c.d' }, at(15))).toEqual({ approved: 1, refused: 1 });
    expect(await store.records.precedents(tenant, { surface: 'c.d', rule: 'none' }, at(0))).toEqual({
      approved: 0,
      refused: 0,
    });
    const others = { surface: 'c.d', except: 'act_10' };
    expect(await store.records.precedents(tenant, others, at(0))).toEqual({ approved: 2, refused: 1 });
    expect(await store.records.precedents('other', { surface: 'c.d' }, at(0))).toEqual({ approved: 0, refused: 0 });
  });
});
