/**
 * Somebody who may write to the database, without any key: each row that looks as if it granted something is inserted, updated and
 * deleted, and grants nothing.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKeyHash } from '../../src/identity/index.ts';
import { eraseDue } from '../../src/engine/erase.ts';
import { createHistories } from '../../src/engine/histories.ts';
import { readKnown } from '../../src/engine/life.ts';
import { createClient, TASK_QUEUE } from '../../src/main/engine.ts';
import { activityDeps } from '../../src/main/parts.ts';
import { openEmbeddedPostgres, type EmbeddedPostgres } from '../../src/store/index.ts';
import { countersign } from '../cli/harness.ts';
import { policiesFolder } from '../support/policies.ts';
import { CFO, LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';
import { eventually } from '../support/eventually.ts';
import { onCluster } from '../support/not-on-cluster.ts';
import { AttackCount } from '../support/attack-table.ts';
import { tamper } from '../support/tamper.ts';

const attacks = new AttackCount('test/e2e/database-admin.test.ts');
const ATTACKS = {
  limit: 'a limit widened',
  hidden: "a human's refusal or question hidden",
};

const COMMANDER = 'user:incident-commander@acme.test';
const STRANGER = 'user:duty-manager@acme.test';

const databaseDir = mkdtempSync(join(tmpdir(), 'countersign-admin-'));
/** Up to 100 without asking, as far as 250 a day allow; the rest waits. */
const LIMITED = `policy: test.limited
surfaces: [test.limited]
refusalStands: 0
limits:
  daily: { key: [resource.id], sum: params.amount, window: 24h, max: 250 }
rules:
  - { id: beyond, when: '!limit("daily").fits', then: refuse }
  - id: medium
    when: params.amount == 150
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }], expires: 1h }
  - { id: rest, when: 'true', then: approve }
disclose: [params.amount]
`;

let folder: ReturnType<typeof policiesFolder>;
let postgres: EmbeddedPostgres;
let stack: TestStack;
beforeAll(async () => {
  folder = policiesFolder({ 'test.limited.yaml': LIMITED });
  postgres = await openEmbeddedPostgres({ dataDir: databaseDir });
  stack = await startTestStack({ COUNTERSIGN_POLICIES: folder.path, DATABASE_URL: postgres.connectionString });
});
afterAll(async () => {
  await stack.stop();
  folder.remove();
  await postgres.stop();
  rmSync(databaseDir, { recursive: true, force: true });
});

const sql = (statement: string, values: unknown[] = []) => tamper(postgres.connectionString, statement, values);
const as = async (person: string) => ({ token: await stack.person(person) });
const approve = async (id: string, person: string) =>
  stack.call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve', reason: 'ok' }, await as(person));

describe('a delegation', () => {
  const insert = (from: string, to: string) =>
    sql(
      `insert into delegation (id, tenant, from_person, to_person, surfaces, starts_at, ends_at)
       values ($1, 'default', $2, $3, '{**}', now() - interval '1 hour', now() + interval '1 hour')`,
      [`dlg_${randomUUID()}`, from, to],
    );

  it('by INSERT decides nothing and shows nothing', async () => {
    const { body } = await stack.ask(refund(660));
    await insert(CFO, STRANGER);
    expect((await approve(body.id, STRANGER)).status).toBe(403);
    expect((await stack.call('GET', `/v1/actions/${body.id}`, undefined, await as(STRANGER))).status).toBe(404);
    expect((await stack.call('GET', '/v1/delegations', undefined, await as(STRANGER))).body.delegations).toEqual([]);
  });

  it('that was given stays what was given, whatever its row says; taken back, it stays so', async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const given = await stack.call(
      'POST',
      '/v1/delegations',
      { to: STRANGER, surfaces: ['deploy.*'], until },
      await as(CFO),
    );
    expect(given.status).toBe(201);
    await sql(`update delegation set surfaces = '{**}', ends_at = now() + interval '30 days' where id = $1`, [
      given.body.id,
    ]);
    const { body } = await stack.ask(refund(661));
    expect((await approve(body.id, STRANGER)).status).toBe(403);

    const whole = await stack.call('POST', '/v1/delegations', { to: STRANGER, until }, await as(CFO));
    expect((await stack.call('DELETE', `/v1/delegations/${whole.body.id}`, undefined, await as(CFO))).status).toBe(204);
    await sql('update delegation set revoked_at = null where id = $1', [whole.body.id]);
    expect((await approve(body.id, STRANGER)).status).toBe(403);
  });

  it('whose row is gone still holds', async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const given = await stack.call('POST', '/v1/delegations', { to: STRANGER, until }, await as(LEAD));
    await sql('delete from delegation');
    const { body } = await stack.ask(refund(662));
    expect((await approve(body.id, STRANGER)).status).toBe(200);
    const sealed = await stack.call('GET', `/v1/records?action=delegation:${given.body.id}`);
    expect(sealed.body.records[0].record.body).toMatchObject({ state: 'given', from: LEAD, to: STRANGER });
    await stack.call('DELETE', `/v1/delegations/${given.body.id}`, undefined, await as(LEAD));
  });
});

describe('a freeze', () => {
  it.each([
    ['UPDATE', `update "freeze" set lifted_at = now(), lifted_by = 'user:nobody'`],
    ['UPDATE of its scope', `update "freeze" set value = 'deploy.prod'`],
    ['DELETE', `delete from "freeze"`],
  ])('holds after an %s, and is lifted by a word only', async (_name, statement) => {
    const before = await stack.ask(refund(20));
    const stop = { scope: 'surface', value: 'payments.refund', reason: 'fraud wave' };
    const frozen = await stack.call('POST', '/v1/freezes', stop, await as(COMMANDER));
    await sql(statement);
    expect((await stack.ask(refund(21))).status).toBe(403);
    const redeemed = await stack.call('POST', '/v1/permits/redeem', { permit: before.body.permit });
    expect([redeemed.status, redeemed.body.code]).toEqual([403, 'frozen']);
    expect((await stack.call('GET', '/v1/freezes')).body.freezes).toMatchObject([{ id: frozen.body.id, ...stop }]);
    await stack.call('DELETE', `/v1/freezes/${frozen.body.id}`, { reason: 'over' }, await as(COMMANDER));
    expect((await stack.ask(refund(21))).status).toBe(200);
    await sql('update "freeze" set lifted_at = null');
    // What was lifted by a sealed word stays lifted.
    expect((await stack.ask(refund(21))).status).toBe(200);
    await sql('delete from "freeze"');
  });
});

describe('an API key', () => {
  const scope = { surfaces: ['payments.*'], actors: ['agent:support-bot'] };
  const owner = (token: string) => stack.call('GET', '/v1/signing-keys', undefined, { token });

  it('by INSERT is nobody’s', async () => {
    const token = `csk_db_${randomUUID()}`;
    await sql(
      `insert into api_key (id, tenant, hash, surfaces, actors, roles, created_at)
       values ($1, 'default', $2, '{**}', '{*}', '{}', now())`,
      [randomUUID(), apiKeyHash(token)],
    );
    expect((await owner(token)).status).toBe(401);
    expect((await stack.ask(refund(22), { token })).status).toBe(401);
  });

  it('keeps the scope that it was made with, and stays revoked', async () => {
    const made = await stack.call('POST', '/v1/api-keys', scope);
    const token = made.body.key as string;
    await sql(`update api_key set surfaces = '{**}', actors = '{*}' where id = $1`, [made.body.id]);
    expect((await owner(token)).status).toBe(403);
    expect((await stack.ask(refund(23), { token })).status).toBe(200);
    await stack.call('DELETE', `/v1/api-keys/${made.body.id}`);
    await sql('update api_key set revoked_at = null where id = $1', [made.body.id]);
    expect((await stack.ask(refund(23), { token })).status).toBe(401);
  });

  it('whose row takes another key’s hash is still only itself', async () => {
    const mine = `csk_db_${randomUUID()}`;
    const { body } = await stack.call('POST', '/v1/api-keys', scope);
    await sql('update api_key set hash = $2 where id = $1', [body.id, apiKeyHash(mine)]);
    expect((await owner(mine)).status).toBe(401);
    expect((await stack.ask(refund(24), { token: mine })).status).toBe(401);
  });
});

describe('a bundle', () => {
  it('is in force by its record, not by a row', async () => {
    const before = (await stack.call('GET', '/v1/policies')).body.inForce as string;
    const [stored] = await sql(`select hash from bundle where tenant = 'default' and hash <> $1`, [before]);
    const other = (stored?.['hash'] as string | undefined) ?? before.replace(/.{8}$/, 'deadbeef');
    if (stored === undefined) {
      await sql(`insert into bundle (tenant, hash, source) select tenant, $2, source from bundle where hash = $1`, [
        ...[before, other],
      ]);
    }
    await sql(
      `insert into bundle_activation (tenant, hash, by, at, record) values ('default', $1, 'countersign start', now(), $2)`,
      [other, `sha256:${'0'.repeat(64)}`],
    );
    expect((await stack.call('GET', '/v1/policies')).body.inForce).toBe(before);
    expect((await stack.ask(refund(25))).body.verdict.bundle).toBe(before);
    await sql('delete from bundle_activation');
    expect((await stack.ask(refund(26))).body.verdict.bundle).toBe(before);
  });
});

describe('an action', () => {
  const id = (key: string): string => `act_${createHash('sha256').update(key).digest('hex')}`;

  it('is judged by what this engine judged, not by a row that waits for it', async () => {
    const key = randomUUID();
    const bundle = (await stack.call('GET', '/v1/policies')).body.inForce as string;
    const verdict = {
      ...{ decision: 'approve', basis: 'rule', bundle, policy: 'payments.refund', rule: 'small' },
      ...{ reasons: ['forged'], mode: 'enforce', changes: null },
    };
    const judgement = {
      ...{ verdict, observed: null, plan: null, reservations: [], disclose: [], notify: [], trace: [], review: null },
      ...{ outcomeWithinMs: 600_000, collectWithinMs: null, permitMs: 300_000, retainMs: null },
    };
    const facts = { now: new Date().toISOString(), limits: [], people: {}, conflict: null };
    await sql(`insert into limit_decision (tenant, action, value, at) values ('default', $1, $2, now())`, [
      ...[id(key), JSON.stringify({ judgement, facts, mac: '0'.repeat(64) })],
    ]);
    const { status, body } = await stack.ask(refund(5000), { key });
    expect([status, body.action.verdict.decision, body.action.verdict.basis]).toEqual([403, 'refuse', 'error']);
    expect(body.action.permit).toBeNull();
  });

  it('is not redeemed again, nor collected, after its redemption was hidden from every search', async () => {
    const { body } = await stack.ask(refund(30));
    const before = await sql('select view from action where id = $1', [body.id]);
    const redeem = () => stack.call('POST', '/v1/permits/redeem', { permit: body.permit, redeemer: randomUUID() });
    expect((await redeem()).status).toBe(200);
    await sql(`update log_entry set action = 'hidden' where action = $1 and type = 'redemption'`, [body.id]);
    await sql('update permit set redeemed_at = null where action = $1', [body.id]);
    await sql('update action set view = $2 where id = $1', [body.id, JSON.stringify(before[0]?.['view'])]);
    expect((await redeem()).body.code).toBe('invalid-evidence');
    expect((await stack.call('POST', `/v1/actions/${body.id}/permit`)).body.code).toBe('invalid-evidence');
    await sql(`update log_entry set action = $1 where action = 'hidden'`, [body.id]);
    expect((await redeem()).body.code).toBe('permit-already-redeemed');
  });

  it('gives its permit to who asked, whoever its row names', async () => {
    const { body: scoped } = await stack.call('POST', '/v1/api-keys', {
      ...{ surfaces: ['deploy.*'], actors: ['agent:other'] },
    });
    const thief = { token: scoped.key as string };
    const { body } = await stack.ask(refund(29));
    await sql(
      `update action set requester = $2, surface = 'deploy.prod', view = (view::jsonb || $3::jsonb)::json where id = $1`,
      [
        ...[body.id, `key:${scoped.id}`],
        JSON.stringify({
          requester: `key:${scoped.id}`,
          surface: 'deploy.prod',
          actor: { id: 'agent:other', type: 'agent' },
        }),
      ],
    );
    expect((await stack.call('GET', `/v1/actions/${body.id}`, undefined, thief)).status).toBe(404);
    expect((await stack.call('POST', `/v1/actions/${body.id}/permit`, undefined, thief)).status).toBe(404);
    expect((await stack.call('GET', `/v1/actions/${body.id}`)).body).toMatchObject({ permit: body.permit });
    expect((await stack.call('POST', '/v1/permits/redeem', { permit: body.permit })).status).toBe(200);
  });

  it('is shown to whoever decides as it was sealed, whatever its row shows', async () => {
    const { body } = await stack.ask(refund(663));
    await sql(
      `update action set status = 'released', view = jsonb_set(jsonb_set(view::jsonb, '{disclosed,params.amount}', '1'),
         '{action,status}', '"released"')::json where id = $1`,
      [body.id],
    );
    const lead = await as(LEAD);
    expect((await stack.call('GET', `/v1/actions/${body.id}`, undefined, lead)).body.status).toBe('supervised');
    const known = await readKnown(activityDeps(stack.stack.parts, null, null), 'default', body.id);
    expect(known?.state.disclosed['params.amount']).toBe(663);
    expect((await approve(body.id, LEAD)).body.status).toBe('released');
  });
});

describe('a limit', () => {
  const limited = (amount: number, order: string) =>
    stack.ask({ ...refund(amount), surface: 'test.limited', resource: { type: 'order', id: order } });
  const decisionOf = ({ body }: Awaited<ReturnType<typeof limited>>): string =>
    [body.action?.verdict?.decision ?? body.verdict?.decision, body.action?.verdict?.basis].join(' ').trim();

  const OURS = `where limit_name = 'test.limited/daily'`;
  const SLOTS = `(select slot from limit_reservation ${OURS})`;
  it.each([
    ['deleted', `delete from limit_reservation ${OURS}`],
    [
      'deleted with their totals',
      `delete from limit_total where slot in ${SLOTS}; delete from limit_reservation ${OURS}`,
    ],
    ['made smaller', `update limit_reservation set amount = 0 ${OURS}`],
    ['moved to another limit', `update limit_reservation set slot = decode('00', 'hex') ${OURS}`],
    ['moved out of the window', `update limit_reservation set at = at - interval '9 days' ${OURS}`],
    ['counted as nothing', `update limit_total set total = 0 where slot in ${SLOTS}`],
    ['not written at all', null],
  ])('counts what was sealed where its rows are %s', async (name, statement) => {
    if (statement === null) {
      await sql(`create function hide() returns trigger language plpgsql as $$ begin return null; end $$`);
      await sql(`create trigger hide before insert on limit_reservation for each row execute function hide()`);
    }
    expect(decisionOf(await limited(200, name))).toBe('approve');
    if (statement === null) await sql('drop trigger hide on limit_reservation; drop function hide()');
    else await sql(statement);
    const decision = decisionOf(await limited(60, name));
    attacks.tried(ATTACKS.limit, !decision.startsWith('refuse'));
    expect(['refuse error', 'refuse limit', 'refuse rule']).toContain(decision);
    // What nobody touched goes on.
    expect(decisionOf(await limited(60, `beside ${name}`))).toBe('approve');
  });

  it('holds also where what waits is released, and where a permit is collected', async () => {
    const parked = await limited(150, 'parked');
    expect(decisionOf(await limited(90, 'parked'))).toBe('approve');
    await sql(`delete from limit_reservation ${OURS}`);
    await approve(parked.body.id, LEAD);
    const { body } = await stack.call('GET', `/v1/actions/${parked.body.id}`);
    attacks.tried(ATTACKS.limit, body.status !== 'refused');
    expect(body.status).toBe('refused');
  });
});

it.each([
  ['refuse', { decision: 'refuse', reason: 'no' }],
  ['return', { decision: 'return', reason: 'which order?' }],
])('an action whose %s somebody hid is neither decided nor released', async (_name, word) => {
  const { body } = await stack.ask({ ...refund(664), resource: { type: 'order', id: `hidden-${word.decision}` } });
  const before = await sql('select view from action where id = $1', [body.id]);
  expect((await stack.call('POST', `/v1/actions/${body.id}/decisions`, word, await as(LEAD))).status).toBe(200);
  // What the engine still writes about a refusal, it has written then.
  if (word.decision === 'refuse')
    await eventually('it is refused', async () => {
      const { status } = (await stack.call('GET', `/v1/actions/${body.id}`)).body;
      return status === 'refused' ? true : undefined;
    });
  await sql(`update log_entry set action = 'hidden' where action = $1 and type = 'decision'`, [body.id]);
  await sql(`update action set status = 'supervised', view = $2 where id = $1`, [
    ...[body.id, JSON.stringify(before[0]?.['view'])],
  ]);
  const { code } = (await approve(body.id, CFO)).body;
  attacks.tried(ATTACKS.hidden, code !== 'invalid-evidence');
  expect(code).toBe('invalid-evidence');
  expect((await stack.call('GET', `/v1/actions/${body.id}`)).body.permit).toBeNull();
  await sql(`update log_entry set action = $1 where action = 'hidden'`, [body.id]);
});

it('a payload is kept as long as policy says, whatever its row says', async () => {
  const { parts, temporal } = stack.stack;
  const { body } = await stack.ask(refund(28));
  await stack.call('POST', '/v1/permits/redeem', { permit: body.permit });
  await stack.call('POST', `/v1/actions/${body.id}/outcome`, { permit: body.permit, status: 'executed' });
  await sql(
    `update action set retain_until = now() - interval '1 day', view = jsonb_set(view::jsonb, '{retainMs}', '1')::json
     where id = $1`,
    [body.id],
  );
  const histories = createHistories(createClient(parts, temporal.connection, 'default'), TASK_QUEUE);
  expect(await eraseDue({ ...activityDeps(parts, null, null), histories }, 1000)).toEqual({ found: 1, erased: 0 });
  expect(await parts.store.payloads.read('default', body.id)).not.toBeNull();
  // The row is as its records say again.
  expect(await eraseDue({ ...activityDeps(parts, null, null), histories }, 1000)).toEqual({ found: 0, erased: 0 });
});

it('a log whose entry somebody altered is said not to verify, and every export that is made of it is marked', async () => {
  const token = await stack.person('user:auditor@acme.test');
  const state = async () => (await stack.call('GET', '/v1/log', undefined, { token })).body;
  /** Each process reads by itself: on a cluster, the two APIs are asked in turns. */
  const reads = (verifies: boolean): Promise<true> =>
    eventually(`the log verifies: ${verifies}`, async () => {
      for (let asked = 0; asked < (onCluster ? 4 : 1); asked += 1)
        if ((await state()).verifies !== verifies) return undefined;
      return true;
    });
  const exported = async (
    path: string,
  ): Promise<{ name: string; marked: string | null; text: string; record: string }> => {
    const answer = await fetch(stack.url + path, { headers: { authorization: `Bearer ${token}` } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return {
      name: answer.headers.get('content-disposition') ?? '',
      marked: answer.headers.get('countersign-log'),
      text: path.endsWith('bundle') ? gunzipSync(bytes).toString('utf8') : bytes.toString('utf8'),
      record: answer.headers.get('countersign-receipt') ?? '',
    };
  };
  await stack.ask(refund(27));
  const [{ index }] = (await sql('select max(index)::int as index from log_entry')) as [{ index: number }];
  await reads(true);
  const PATHS = [
    ...['csv', 'csv-excel', 'jsonl', 'xlsx'].map((format) => `/v1/actions/export?format=${format}`),
    ...['csv', 'jsonl', 'ocsf', 'bundle'].map((format) => `/v1/export?format=${format}`),
  ];
  const sound = await exported(PATHS[0] ?? '');
  expect([sound.marked, sound.name.includes('VERIFY'), sound.text.includes('log_warning')]).toEqual([
    null,
    false,
    false,
  ]);
  await sql('create table sealed_entry as select * from log_entry where index = $1', [index]);
  await sql(
    `update log_entry set envelope = convert_to(overlay(text placing 'AAAAAAAA' from strpos(text, '"sig":"') + 7 for 8), 'UTF8')
     from (select index as place, convert_from(envelope, 'UTF8') as text from sealed_entry) as sealed where index = place`,
  );
  await reads(false);
  expect((await state()).faults).toMatchObject([{ code: 'entry-altered', index }]);
  for (const path of PATHS) {
    const { name, marked, text, record } = await exported(path);
    expect([path, marked, name]).toEqual([path, 'does-not-verify', expect.stringContaining('LOG-DOES-NOT-VERIFY')]);
    // Rows of a table, and what an archive says of itself; a workbook is compressed.
    if (/=(csv|csv-excel|bundle)$|actions.*jsonl$/.test(path))
      expect([path, text]).toEqual([path, expect.stringContaining(`the log does not verify: entry ${index}`)]);
    const sealed = await stack.call('GET', `/v1/records/${record}`, undefined, { token });
    expect(sealed.body.record.body.warning).toContain(`entry ${index} is not what was sealed there`);
  }
  await sql(
    'update log_entry e set envelope = s.envelope from sealed_entry s where e.tenant = s.tenant and e.index = s.index',
  );
  await sql('drop table sealed_entry');
  await reads(true);
});

it('what was there before rights were sealed is sealed once, and nothing afterwards', async () => {
  const adopted = await stack.call('GET', '/v1/records?action=credential:adopted');
  expect(adopted.body.records).toMatchObject([
    { record: { type: 'credential', seq: 0, body: { state: 'adopted', credentials: 0, delegations: 0 } } },
  ]);
});

/** One of each table, as an honest stack writes it. */
const ROW: Record<string, () => Promise<string>> = {
  freeze: async () =>
    (
      await stack.call(
        'POST',
        '/v1/freezes',
        { scope: 'surface', value: 'deploy.prod', reason: 'drill' },
        await as(COMMANDER),
      )
    ).body.id,
  delegation: async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    return (await stack.call('POST', '/v1/delegations', { to: STRANGER, surfaces: ['deploy.*'], until }, await as(CFO)))
      .body.id;
  },
  api_key: async () =>
    (await stack.call('POST', '/v1/api-keys', { surfaces: ['payments.*'], actors: ['agent:support-bot'] })).body.id,
};

/** A row that nobody made. */
const INSERT: Record<string, (id: string) => Promise<unknown>> = {
  freeze: (id) =>
    sql(
      `insert into "freeze" (id, tenant, scope, value, reason, by, at) values ($1, 'default', 'surface', 'x.y', 'z', 'user:nobody', now())`,
      [id],
    ),
  delegation: (id) =>
    sql(
      `insert into delegation (id, tenant, from_person, to_person, surfaces, starts_at, ends_at)
       values ($1, 'default', $2, $3, '{**}', now(), now() + interval '1 hour')`,
      [id, CFO, STRANGER],
    ),
  api_key: (id) =>
    sql(
      `insert into api_key (id, tenant, hash, surfaces, actors, roles, created_at) values ($1, 'default', $1, '{**}', '{*}', '{}', now())`,
      [id],
    ),
  passkey: (id) =>
    sql(
      `insert into passkey (tenant, id, person, credential, record, transports, sign_count, created_at, created_by)
       values ('default', $1, $2, 'AA', 'sha256:00', '{}', 0, now(), $2)`,
      [id, CFO],
    ),
};

const UPDATE: Record<string, string> = {
  freeze: `update "freeze" set lifted_at = now() where id = $1`,
  delegation: `update delegation set surfaces = '{**}' where id = $1`,
  api_key: `update api_key set surfaces = '{**}', actors = '{*}' where id = $1`,
};

describe('the audit names every row that somebody changed', () => {
  const named = async (): Promise<string[]> => {
    // A busy machine may give a page up: then it is asked again, as an auditor would.
    const out = await eventually('the audit answers', async () => {
      const answer = await countersign(['audit', '--url', stack.url, '--json'], {
        env: { COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' },
      });
      return answer.out === '' ? undefined : answer.out;
    });
    const { findings } = JSON.parse(out) as { findings: { code: string; message: string }[] };
    return findings.map(({ code, message }) => `${code} ${/row (\S+) of/.exec(message)?.[1] ?? message}`);
  };

  it.each(Object.keys(INSERT))('%s: inserted', async (table) => {
    const id = `${table}-${randomUUID()}`;
    await INSERT[table]?.(id);
    expect(await named()).toContain(`row-inserted ${id}`);
    await sql(`delete from "${table}" where id = $1`, [id]);
    expect(await named()).not.toContain(`row-inserted ${id}`);
  });

  it.each(Object.keys(ROW))('%s: updated, rolled back and deleted', async (table) => {
    const id = await ROW[table]?.();
    const before = await named();
    const [row] = await sql(`select to_jsonb(t) as row from "${table}" t where id = $1`, [id]);
    await sql(UPDATE[table] ?? '', [id]);
    expect(await named()).toContain(`row-altered ${id}`);
    await sql(`delete from "${table}" where id = $1`, [id]);
    expect(await named()).toContain(`row-removed ${id}`);
    // Put back as it was, there is nothing to say of it.
    await sql(`insert into "${table}" select * from jsonb_populate_record(null::"${table}", $1)`, [row?.['row']]);
    expect(await named()).toEqual(before);
    // An older copy of a row that ended since.
    const path = { freeze: 'freezes', delegation: 'delegations', api_key: 'api-keys' }[table];
    const enders: Record<string, string> = { freeze: COMMANDER, delegation: CFO };
    const ender = enders[table];
    const who = ender === undefined ? {} : await as(ender);
    await stack.call('DELETE', `/v1/${path}/${id}`, table === 'freeze' ? { reason: 'over' } : undefined, who);
    await sql(`delete from "${table}" where id = $1`, [id]);
    await sql(`insert into "${table}" select * from jsonb_populate_record(null::"${table}", $1)`, [row?.['row']]);
    expect(await named()).toContain(`row-altered ${id}`);
  });

  it('bundle_activation: inserted, updated and deleted', async () => {
    const record = `sha256:${'0'.repeat(64)}`;
    const hash = (await stack.call('GET', '/v1/policies')).body.inForce as string;
    await sql(`insert into bundle_activation (tenant, hash, by, at, record) values ('default', $1, 'x', now(), $2)`, [
      hash,
      record,
    ]);
    expect(await named()).toContain(`row-inserted ${record}`);
    await sql('delete from bundle_activation where record = $1', [record]);
  });

  it('permit: made redeemable again', async () => {
    const { body } = await stack.ask(refund(27));
    const redeem = () => stack.call('POST', '/v1/permits/redeem', { permit: body.permit });
    expect((await redeem()).status).toBe(200);
    await sql('update permit set redeemed_at = null where action = $1', [body.id]);
    expect((await redeem()).status).toBe(409);
    expect(await named()).toContain(`row-altered ${body.id}`);
    await sql('update permit set redeemed_at = now() where action = $1', [body.id]);
    expect(await named()).not.toContain(`row-altered ${body.id}`);
  });

  it('to readers of the log, and to nobody else', async () => {
    expect((await stack.call('GET', '/v1/row-differences', undefined, await as(LEAD))).status).toBe(403);
    expect((await stack.call('GET', '/v1/row-differences', undefined, await as('user:auditor@acme.test'))).status).toBe(
      200,
    );
  });
});

it('what was tried is what SECURITY.md says', () => {
  attacks.check(Object.values(ATTACKS));
});
