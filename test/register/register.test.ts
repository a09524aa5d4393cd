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

describe('something that is read beside what is in force', () => {
  /** Counts how it is read; together with the log only where nobody else reads it. */
  const counting = (): { ways: string[]; beside: Parameters<Register['currentBeside']>[1] } => {
    const ways: string[] = [];
    const together: Parameters<Register['currentBeside']>[1]['together'] = async (range) => {
      ways.push('together');
      return { look: await database.store.looks.at(tenant, range), value: 'read' };
    };
    return { ways, beside: { together, alone: () => Promise.resolve(ways.push('alone') && 'read') } };
  };

  it('is read in one statement with it, and serves those who ask meanwhile', async () => {
    const register = registerOf();
    const { ways, beside } = counting();
    await frozen(register);
    await freeze('frz_2');
    const [{ looked, value }, shared] = await Promise.all([
      register.currentBeside(tenant, beside),
      register.current(tenant),
    ]);
    expect([[...looked.freezes.keys()], value, [...shared.freezes.keys()]]).toEqual([
      ['frz_1', 'frz_2'],
      'read',
      ['frz_1', 'frz_2'],
    ]);
    expect(ways).toEqual(['together']);
  });

  it('is read by itself while others read the log, and where a read serves that was made already', async () => {
    const register = registerOf();
    const { ways, beside } = counting();
    await Promise.all([register.current(tenant), register.currentBeside(tenant, beside)]);
    await register.atOnce(async () => {
      await register.current(tenant);
      await freeze('frz_2');
      const { looked } = await register.currentBeside(tenant, beside);
      expect([...looked.freezes.keys()]).toEqual(['frz_1']);
    });
    expect(ways).toEqual(['alone', 'alone']);
    const both = await Promise.all([1, 2].map(() => register.currentBeside(tenant, beside)));
    expect(both.map(({ looked }) => looked.freezes.size)).toEqual([2, 2]);
    expect(ways.slice(2).sort()).toEqual(['alone', 'together']);
  });

  it('is not answered where the log is another than the one that was signed', async () => {
    const register = registerOf();
    await frozen(register);
    await freeze('frz_2');
    await sql(`update log_entry set envelope = envelope || ' '::bytea where tenant = $1 and index = 1`);
    await expect(register.currentBeside(tenant, counting().beside)).rejects.toMatchObject({ code: 'invalid-evidence' });
  });

  it('fails alone where it cannot be read, and the next one is read', async () => {
    const register = registerOf();
    const failing = { together: () => Promise.reject(new Error('away')), alone: () => Promise.resolve('read') };
    await expect(register.currentBeside(tenant, failing)).rejects.toThrow('away');
    const { ways, beside } = counting();
    expect((await register.currentBeside(tenant, beside)).value).toBe('read');
    expect(ways).toEqual(['together']);
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
