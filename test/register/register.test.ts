import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealInChain } from '../../src/engine/chain.ts';
import { createRegister, markFiles, type MarkFiles, type Register } from '../../src/register/index.ts';
import { delegationBody, delegationChain, freezeChain } from '../../src/sealing/index.ts';
import { createSequencer } from '../../src/sequencer/index.ts';
import { NO_MARKS } from '../support/marks.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { tamper } from '../support/tamper.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

let tenant: string;
let number = 0;
beforeEach(async () => {
  number += 1;
  tenant = `register-${number}`;
  await freeze('frz_1');
});

const registerOf = (marks: MarkFiles = NO_MARKS): Register =>
  createRegister({ store: database.store, keys: database.keys, marks });
const deps = () => ({
  sequencer: createSequencer({ store: database.store, keys: database.keys }),
  signers: (name: string) => database.keys.forTenant(name),
});
const sql = (statement: string, values: unknown[] = [tenant]) =>
  tamper(database.postgres.connectionString, statement, values);
const AT = '2026-11-01T00:00:00.000Z';

async function freeze(id: string, state = 'frozen', after: { seq: number; hash: string } | null = null) {
  return sealInChain(deps(), {
    ...{ tenant, type: 'freeze', chain: freezeChain(id), after, at: AT, by: 'user:a', reason: 'fraud wave' },
    body: { state, scope: 'tenant', value: null },
  });
}

const frozen = async (register: Register): Promise<string[]> => [...(await register.current(tenant)).freezes.keys()];

describe('what is in force', () => {
  it('is what was sealed before the question, by whichever process', async () => {
    const [here, there] = [registerOf(), registerOf()];
    expect(await frozen(here)).toEqual(['frz_1']);
    const sealed = await freeze('frz_2');
    expect(await Promise.all([frozen(here), frozen(there), frozen(here)])).toEqual(
      Array.from({ length: 3 }, () => ['frz_1', 'frz_2']),
    );
    await freeze('frz_2', 'lifted', { seq: 0, hash: sealed.hash });
    expect([await frozen(here), await frozen(there)]).toEqual([['frz_1'], ['frz_1']]);
    expect([...(await here.current(tenant)).lifted]).toEqual(['frz_2']);
  });

  it('is nothing where there is no log, and no keys are made for it', async () => {
    expect(await registerOf().current('nobody')).toMatchObject({ activations: [], adopted: false });
    expect(await database.store.publicKeys.list('nobody')).toEqual([]);
  });

  it('holds a delegation until it is taken back, and knows whose it was', async () => {
    const give = { id: 'dlg_1', from: 'user:a', to: 'user:b', surfaces: ['**'], startsAt: AT, endsAt: AT };
    const draft = { tenant, type: 'delegation' as const, chain: delegationChain('dlg_1'), at: AT, by: 'user:a' };
    const given = await sealInChain(deps(), {
      ...{ ...draft, after: null, reason: null },
      body: delegationBody({ ...give, state: 'given' }),
    });
    const register = registerOf();
    const [known] = (await register.current(tenant)).delegations.values();
    expect(known).toMatchObject({ from: 'user:a', to: 'user:b', revokedAt: null, record: given.hash });
    await sealInChain(deps(), {
      ...{ ...draft, after: { seq: 0, hash: given.hash }, reason: null },
      body: delegationBody({ ...give, state: 'revoked' }),
    });
    expect([...(await register.current(tenant)).delegations.values()][0]?.revokedAt).toBe(Date.parse(AT));
  });
});

describe('a log that somebody changed in the database', () => {
  const faults: [string, string][] = [
    ['an entry is gone', `delete from log_entry where tenant = $1 and index = 0`],
    ['an entry is another', `update log_entry set envelope = envelope || ' '::bytea where tenant = $1 and index = 0`],
    [
      'two entries changed places',
      `update log_entry e set envelope = o.envelope from log_entry o
       where e.tenant = $1 and o.tenant = $1 and e.index + o.index = 1`,
    ],
    ['its root is another', `update log_head set root = decode(repeat('00', 32), 'hex') where tenant = $1`],
    ['it is said to be longer', `update log_head set size = size + 1 where tenant = $1`],
  ];
  it.each(faults)('puts nothing in force: %s', async (_name, statement) => {
    await freeze('frz_2');
    await sql(statement);
    await expect(registerOf().current(tenant)).rejects.toMatchObject({ code: 'invalid-evidence' });
  });

  it('is found by its signatures, not by the columns beside them', async () => {
    await sql(`update log_entry set type = 'export', action = 'export:1', seq = 7 where tenant = $1`);
    expect(await frozen(registerOf())).toEqual(['frz_1']);
  });

  /** The whole end of the log, its older head and signed checkpoint included: consistent, and signed by its key. */
  const cutBack = async (): Promise<void> => {
    const before = await sql('select * from log_head where tenant = $1');
    await freeze('frz_2');
    const [{ size, root, frontier, checkpoint }] = before as [Record<string, unknown>];
    await during();
    await sql('delete from log_entry where tenant = $1 and index >= $2', [tenant, size]);
    await sql('update log_head set size = $2, root = $3, frontier = $4, checkpoint = $5 where tenant = $1', [
      ...[tenant, size, root, frontier, checkpoint],
    ]);
  };
  let during: () => Promise<unknown>;

  it('is noticed by the process that read on when it is cut back', async () => {
    const register = registerOf();
    during = () => register.current(tenant);
    await cutBack();
    await expect(register.current(tenant)).rejects.toMatchObject({ code: 'invalid-evidence' });
  });

  it('is noticed when it was cut back while nothing ran: the data folder says how long it was', async () => {
    const marks = markFiles(database.dataDir);
    during = () => registerOf(marks).current(tenant);
    await cutBack();
    await expect(registerOf(marks).current(tenant)).rejects.toMatchObject({ code: 'invalid-evidence' });
  });
});

describe('a mark', () => {
  it('is where a start reads on, and holds all that is in force', async () => {
    const marks = markFiles(database.dataDir);
    const before = await registerOf(marks).current(tenant);
    // Nobody can read it any more: what is in force is known from the mark.
    await sql(`update log_entry set envelope = ''::bytea where tenant = $1 and index = 0`);
    const again = registerOf(marks);
    expect(await again.current(tenant)).toEqual(before);
    await freeze('frz_2');
    expect(await frozen(again)).toEqual(['frz_1', 'frz_2']);
  });
});
