/** Whoever may write to the database edits, removes, adds and rolls back rows of actions: each is named by the audit, and only those. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { countersign } from '../cli/harness.ts';
import { LEAD, refund, startTestStack, type Answer, type TestStack } from '../support/stack.ts';
import { eventually } from '../support/eventually.ts';
import { AttackCount } from '../support/attack-table.ts';
import { tamper } from '../support/tamper.ts';
import { openTestPostgres } from '../support/cluster.ts';

const COMMANDER = 'user:incident-commander@acme.test';
const EMERGENCY = {
  ...{ surface: 'deploy.prod', action: 'deploy.start', actor: { id: COMMANDER, type: 'user' } },
  resource: { type: 'service', id: 'shop', service: 'shop' },
  params: { version: '1.42.1', tests: 'passed', plan: { destroy: 1 } },
  context: { environment: 'production', urgency: 'emergency', reason: 'checkout is down for everybody' },
};

const databaseDir = mkdtempSync(join(tmpdir(), 'countersign-edited-'));
let postgres: EmbeddedPostgres;
let stack: TestStack;
beforeAll(async () => {
  postgres = await openTestPostgres({ dataDir: databaseDir });
  stack = await startTestStack({ DATABASE_URL: postgres.connectionString });
});
afterAll(async () => {
  await stack.stop();
  await postgres.stop();
  rmSync(databaseDir, { recursive: true, force: true });
});

const attacks = new AttackCount('test/attack/edited-rows.test.ts');
const ROWS = {
  action: "an action's row",
  permit: "a permit's row",
  limit: 'what an action took of a limit',
  other: "a review's time",
};
const sql = (statement: string, values: unknown[] = []) => tamper(postgres.connectionString, statement, values);

/** `table change id` of every finding about a row. */
async function named(): Promise<string[]> {
  // A busy machine may give a page up: then it is asked again, as an auditor would.
  const out = await eventually('the audit answers', async () => {
    const answer = await countersign(['audit', '--url', stack.url, '--json'], {
      env: { COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' },
    });
    return answer.out === '' ? undefined : answer.out;
  });
  const { findings } = JSON.parse(out) as { findings: { code: string; message: string }[] };
  return findings.map(({ code, message }) => {
    const [, id, table] = /^row (\S+) of `(\w+)`/.exec(message) ?? [];
    return `${table ?? message} ${code.replace('row-', '')} ${id ?? ''}`.trim();
  });
}

type Course = 'released' | 'executed' | 'parked' | 'refused' | 'emergency';
async function make(course: Course): Promise<Answer['body']> {
  if (course === 'emergency') return (await stack.ask(EMERGENCY, { token: await stack.person(COMMANDER) })).body;
  // A human's no stands against whoever asks for the same again: it is about an order of its own.
  const refused = { resource: { type: 'order', id: 'ord_refused' } };
  const { body } = await stack.ask(
    refund(course === 'parked' || course === 'refused' ? 640 : 42, course === 'refused' ? refused : {}),
  );
  if (course === 'refused') {
    const no = { decision: 'refuse', reason: 'no' };
    await stack.call('POST', `/v1/actions/${body.id}/decisions`, no, { token: await stack.person(LEAD) });
  }
  if (course === 'executed') {
    await stack.call('POST', '/v1/permits/redeem', { permit: body.permit });
    await stack.call('POST', `/v1/actions/${body.id}/outcome`, { permit: body.permit, status: 'executed' });
  }
  return body;
}

const set = (path: string, value: string): string =>
  `update action set view = jsonb_set(view::jsonb, '{${path}}', '${value}')::json where id = $1`;

/** What is done, to which action, and what the audit says of it. */
const EDITS: [name: string, course: Course, statement: string, says: string][] = [
  ['its status', 'refused', `update action set status = 'released' where id = $1`, 'action altered'],
  ['the status of its view', 'parked', set('action,status', '"released"'), 'action altered'],
  ['its permit, from its view', 'parked', set('action,permit', '"forged"'), 'action altered'],
  ['who asked', 'released', `update action set requester = 'user:mallory@acme.test' where id = $1`, 'action altered'],
  ['who asked, by its view', 'released', set('requester', '"user:mallory@acme.test"'), 'action altered'],
  ['the body that it was asked with', 'released', set('bodyMac', '"forged"'), 'action altered'],
  ['its request hash', 'parked', set('action,requestHash', `"sha256:${'0'.repeat(64)}"`), 'action altered'],
  ['its surface', 'released', `update action set surface = 'deploy.prod' where id = $1`, 'action altered'],
  ['its actor', 'released', set('actor,id', '"agent:other"'), 'action altered'],
  ['its verdict', 'parked', set('action,verdict,decision', '"approve"'), 'action altered'],
  ['its bundle', 'released', `update action set bundle = null where id = $1`, 'action altered'],
  ['who may decide', 'parked', set('approval,stages,0,approvers', '["user:mallory@acme.test"]'), 'action altered'],
  ['how its approval stands', 'parked', set('approval,status', '"approved"'), 'action altered'],
  ['its plan', 'parked', set('plan,stages,0,quorum', '0'), 'action altered'],
  [
    'when it expires',
    'parked',
    `update action set expires_at = now() + interval '9 days' where id = $1`,
    'action altered',
  ],
  ['how it ended', 'executed', set('outcome', 'null'), 'action altered'],
  ['how long it may be reported', 'released', set('outcomeWithinMs', '1'), 'action altered'],
  ['how long it is kept', 'executed', `update action set retain_until = now() where id = $1`, 'action altered'],
  ['that it is kept for ever', 'executed', `update action set retain_until = null where id = $1`, 'action altered'],
  ['how long it is kept, by its view', 'executed', set('retainMs', '1'), 'action altered'],
  ['that it was erased', 'executed', set('erased', '{"at":"x","by":null,"cause":"request"}'), 'action altered'],
  ['its records', 'executed', set('action,records', '[]'), 'action altered'],
  ['its permit, from another', 'released', `update action set sealed_permit = 'AAAA' where id = $1`, 'action altered'],
  ['all of its view', 'released', `update action set view = '{}' where id = $1`, 'action altered'],
  ['when it changed', 'released', `update action set updated_at = '-infinity' where id = $1`, 'action altered'],
  ['its row', 'parked', `delete from action where id = $1`, 'action removed'],
  [
    'a copy of its row under another id',
    'released',
    `insert into action select tenant, 'act_${'0'.repeat(64)}', status, surface, actor, requester, bundle, view,
       sealed_permit, created_at, updated_at, expires_at, retain_until from action where id = $1`,
    `action inserted act_${'0'.repeat(64)}`,
  ],
  [
    'that a permit was redeemed',
    'executed',
    `update permit set redeemed_at = null where action = $1`,
    'permit altered',
  ],
  ['that a permit was not', 'released', `update permit set redeemed_at = now() where action = $1`, 'permit altered'],
  [
    'when a permit expires',
    'released',
    `update permit set expires_at = 'infinity' where action = $1`,
    'permit altered',
  ],
  [
    'what a permit is for',
    'released',
    `update permit set audience = 'deploy.prod' where action = $1`,
    'permit altered',
  ],
  [
    'the request of a permit',
    'released',
    `update permit set request_hash = 'sha256:00' where action = $1`,
    'permit altered',
  ],
  ['the id of a permit', 'released', `update permit set jti = 'forged' where action = $1`, 'permit removed'],
  ['a permit’s row', 'released', `delete from permit where action = $1`, 'permit removed'],
  [
    'another permit',
    'parked',
    `insert into permit values ('default', 'more', $1, 'payments.refund', 'sha256:00', now() + interval '1 day', null)`,
    'permit inserted',
  ],
  [
    'when a review is due',
    'emergency',
    `update review set due_at = now() + interval '9 days' where action = $1`,
    'review altered',
  ],
  [
    'what it took of a limit',
    'released',
    `update limit_reservation set amount = 1 where action = $1`,
    'limit_reservation altered',
  ],
  [
    'that it took of a limit',
    'released',
    `delete from limit_reservation where action = $1`,
    'limit_reservation removed',
  ],
  [
    'how it was judged under limits',
    'released',
    `update limit_decision set value = (value::jsonb || '{"judgement": {"verdict": {"rule": "forged"}}}')::json where action = $1`,
    'limit_decision altered',
  ],
  [
    'how it was judged under limits, as if it was erased',
    'parked',
    `update limit_decision set value = '{}' where action = $1`,
    'limit_decision altered',
  ],
  [
    'that it was judged under limits',
    'executed',
    `delete from limit_decision where action = $1`,
    'limit_decision removed',
  ],
  [
    'a judgement that waits for an action',
    'released',
    `insert into limit_decision select tenant, 'act_${'1'.repeat(64)}', value, at from limit_decision where action = $1`,
    `limit_decision inserted act_${'1'.repeat(64)}`,
  ],
  [
    'a share of nobody’s',
    'released',
    `insert into limit_reservation (tenant, action, slot, limit_name, amount, at)
     select tenant, 'act_${'2'.repeat(64)}', slot, limit_name, amount, at from limit_reservation where action = $1`,
    `limit_reservation inserted act_${'2'.repeat(64)}`,
  ],
  [
    'which limit it took of',
    'released',
    `update limit_reservation set slot = decode('00', 'hex') where action = $1`,
    'limit_reservation altered',
  ],
  [
    'whose record it is',
    'executed',
    `update log_entry set action = 'hidden' where action = $1 and type = 'outcome'`,
    'action altered',
  ],
];

const rowOf = (table: string): 'action' | 'permit' | 'limit' =>
  table === 'action' || table === 'permit' ? table : 'limit';

const BACKED_UP = ['action', 'permit', 'review', 'limit_decision', 'limit_reservation', 'limit_total', 'log_entry'];
/** Without triggers: what they keep is restored as well. */
const restore = (tables: readonly string[]): string =>
  tables.map((table) => `delete from "${table}"; insert into "${table}" select * from backup."${table}";`).join(' ');

it(
  'the audit names exactly the rows that somebody edited, and nothing before and after',
  { timeout: 480_000 },
  async () => {
    const actions: Answer['body'][] = [];
    for (const [, course] of EDITS) actions.push(await make(course));
    const bystander = await make('executed');
    // An emergency that was looked at, too: its rows are as its records say.
    const { body: looked } = await stack.ask(EMERGENCY, { token: await stack.person(COMMANDER) });
    const word = { right: true, reason: 'it was needed' };
    const risk = { token: await stack.person('user:risk-officer@acme.test') };
    expect((await stack.call('POST', `/v1/actions/${looked.id}/review`, word, risk)).status).toBe(200);
    expect(await named()).toEqual([]);

    const copies = BACKED_UP.map((table) => `create table backup."${table}" as select * from "${table}";`);
    await sql(`create schema backup; ${copies.join(' ')}`);
    for (const [index, [, , statement]] of EDITS.entries()) await sql(statement, [actions[index].id]);
    await sql('update limit_total set total = total - 1');
    await sql(`update log_entry set approver = 'user:nobody' where approver is not null`);
    const found = await named();
    for (const [index, [name, , , says]] of EDITS.entries()) {
      const expected = says.includes('act_') ? says : `${says} ${actions[index].id}`;
      expect([
        name,
        found.includes(expected) ? expected : found.filter((one) => one.includes(actions[index].id)),
      ]).toEqual([...[name, expected]]);
      const [table = ''] = says.split(' ');
      const row = name === 'whose record it is' || table === 'review' ? ROWS.other : ROWS[rowOf(table)];
      attacks.tried(row, !found.includes(expected));
    }
    attacks.tried(ROWS.limit, !found.some((one) => one.startsWith('limit_total altered ')));
    expect(found.filter((one) => one.startsWith('limit_total altered '))).not.toEqual([]);
    expect(found.filter((one) => one.startsWith('log_entry altered ')).length).toBeGreaterThanOrEqual(2);
    expect(found.filter((one) => one.includes(bystander.id) || one.includes(looked.id))).toEqual([]);

    await sql(`set session_replication_role = replica; ${restore(BACKED_UP)}`);
    expect(await named()).toEqual([]);
  },
);

it('the audit names a row that was put back as it was before its action went on', async () => {
  const { id, permit } = await make('released');
  await sql(`create table backup.before as select * from action where id = '${id}'`);
  await stack.call('POST', '/v1/permits/redeem', { permit });
  const { status } = await stack.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
  expect(status).toBe(200);
  await sql(`create table backup.after as select * from action where id = '${id}'`);
  await sql(`delete from action where id = '${id}'; insert into action select * from backup.before`);
  expect(await named()).toEqual([`action altered ${id}`]);
  attacks.tried(ROWS.action, false);
  // Whatever the row says, its permit is used and its end is sealed.
  expect((await stack.call('POST', '/v1/permits/redeem', { permit })).status).toBe(409);
  await sql(`delete from action where id = '${id}'; insert into action select * from backup.after`);
  expect(await named()).toEqual([]);
});

it('the audit names a key that would be published, and a bundle that is another', async () => {
  await sql(
    `insert into public_key (tenant, use, kid, key, since)
     select tenant, use, 'forged', key, since from public_key where tenant = 'default' and use = 'record'`,
  );
  const hash = `sha256:${'f'.repeat(64)}`;
  await sql(`insert into bundle (tenant, hash, source) select tenant, $1, source from bundle limit 1`, [hash]);
  const found = await named();
  expect(found).toContain('public_key inserted record:forged');
  expect(found).toContain(`bundle altered ${hash}`);
  for (const table of ['public_key', 'bundle']) {
    attacks.tried(ROWS.other, !found.some((one) => one.startsWith(`${table} `)));
  }
  await sql(`delete from public_key where kid = 'forged'`);
  await sql(`delete from bundle where hash = $1`, [hash]);
  expect(await named()).toEqual([]);
});

it('what was tried is what SECURITY.md says', () => {
  attacks.check(Object.values(ROWS));
});
