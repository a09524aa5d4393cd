import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersign, type Ran } from '../cli/harness.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

const IC = 'user:incident-commander@acme.test';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack.stop());

const slackId = (person: string): string =>
  stack.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
const cli = (...args: string[]): Promise<Ran> =>
  countersign([...args, '--url', stack.url, '--data', stack.dataDir], { env: { COUNTERSIGN_POLICIES: 'policies' } });
const command = async (person: string, text: string): Promise<string> => {
  const { control } = stack.sandbox;
  const before = control.ephemerals(slackId(person)).length;
  await control.slashCommand({ user: slackId(person), command: '/countersign', text });
  const said = await control.waitFor(() => control.ephemerals(slackId(person))[before], 30_000);
  return JSON.stringify([said.text, said.blocks]);
};
const inForce = async (): Promise<{ id: string; scope: string; by: string }[]> =>
  (await stack.call('GET', '/v1/freezes')).body.freezes;

/** Each door: how it stops the surface of refunds, and how it lets it go on. */
interface Door {
  name: string;
  freeze(person: string): Promise<string>;
  lift(person: string, id: string): Promise<string>;
  /** What it says to who may not. */
  refused: RegExp;
}

const DOORS: Door[] = [
  {
    name: 'api',
    freeze: async (person) =>
      JSON.stringify(
        (
          await stack.call(
            'POST',
            '/v1/freezes',
            { scope: 'surface', value: 'payments.refund', reason: 'fraud wave' },
            { token: await stack.person(person) },
          )
        ).body,
      ),
    lift: async (person, id) =>
      JSON.stringify(
        (
          await stack.call(
            'DELETE',
            `/v1/freezes/${id}`,
            { reason: 'it is over' },
            { token: await stack.person(person) },
          )
        ).body,
      ),
    refused: /forbidden/,
  },
  {
    name: 'cli',
    freeze: async (person) => {
      const ran = await cli('freeze', '--surface', 'payments.refund', '--reason', 'fraud wave', '--as', person);
      return ran.out + ran.err;
    },
    lift: async (person, id) => {
      const ran = await cli('freeze', '--lift', id, '--reason', 'it is over', '--as', person);
      return ran.out + ran.err;
    },
    refused: /only the roles/,
  },
  {
    name: 'slack',
    freeze: (person) => command(person, 'freeze surface payments.refund because fraud wave'),
    lift: (person, id) => command(person, `lift ${id.slice(0, 12)} because it is over`),
    refused: /Only the roles/,
  },
];

describe.each(DOORS)('a freeze through $name', ({ name, freeze, lift, refused }) => {
  it('needs the role; stops what is new, parked and permitted; and is lifted by the same door, all sealed', async () => {
    const released = await stack.ask(refund(20));
    const parked = await stack.ask(refund(420.5));
    expect(await freeze(LEAD)).toMatch(refused);
    expect(await inForce()).toEqual([]);

    await freeze(IC);
    const [frozen] = await inForce();
    if (frozen === undefined) throw new Error('nothing is frozen');
    expect(frozen).toMatchObject({ scope: 'surface', value: 'payments.refund', reason: 'fraud wave', by: IC });
    const redeemed = await stack.call('POST', '/v1/permits/redeem', { permit: released.body.permit });
    expect([redeemed.status, redeemed.body.code]).toEqual([403, 'frozen']);
    expect((await stack.ask(refund(21))).status).toBe(403);
    const decided = await stack.call(
      'POST',
      `/v1/actions/${parked.body.id}/decisions`,
      { decision: 'approve' },
      { token: await stack.person(LEAD) },
    );
    expect([decided.status, decided.body.status, decided.body.permit]).toEqual([200, 'supervised', null]);

    expect(await lift(LEAD, frozen.id)).toMatch(refused);
    expect(await inForce()).toHaveLength(1);
    await lift(IC, frozen.id);
    expect(await inForce()).toEqual([]);
    expect((await stack.call('GET', `/v1/actions/${parked.body.id}?wait=30`)).body.status).toBe('released');
    expect((await stack.call('POST', '/v1/permits/redeem', { permit: released.body.permit })).status).toBe(200);

    const records = (await stack.call('GET', `/v1/records?action=freeze:${frozen.id}`)).body.records;
    expect(records.map(({ record }: { record: object }) => record)).toMatchObject([
      { by: IC, reason: 'it is over', seq: 1, prev: records[1].hash, body: { state: 'lifted', via: name } },
      { by: IC, reason: 'fraud wave', seq: 0, prev: null, body: { state: 'frozen', via: name } },
    ]);
    const { slack } = records[0].record.body;
    expect(slack?.user).toBe(name === 'slack' ? slackId(IC) : undefined);
  });
});

const stopped = async (kind: string, value: string, unknown: boolean): Promise<Ran> =>
  cli('freeze', `--${kind}`, value, '--reason', 'incident', '--as', IC, ...(unknown ? ['--unknown'] : []));
const liftAll = async (): Promise<void> => {
  for (const { id } of await inForce()) {
    const token = await stack.person(IC);
    await stack.call('DELETE', `/v1/freezes/${id}`, { reason: 'over' }, { token });
  }
};

describe('what nobody knows', () => {
  it.each([
    ['surface', 'payments.refunds'],
    ['surface', 'payment.*'],
    ['surface', 'refund.payments'],
    ['surface', 'payments'],
    ['surface', 'payments.refund.**.x'],
    ['actor', 'agent:suport-bot'],
    ['actor', 'service:nobody'],
    ['actor', 'user:finance-led@acme.test'],
    ['actor', 'user:finance-lead@acme.tset'],
    ['actor', 'agent:finance-lead@acme.test'],
  ])('as %s %s is frozen by no door unless it is said so', async (kind, value) => {
    const refused = await stopped(kind, value, false);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('--unknown')]);
    expect(await command(IC, `freeze ${kind} ${value} because incident`)).toContain('--unknown');
    expect(await inForce()).toEqual([]);

    const taken = await stopped(kind, value, true);
    expect([taken.code, taken.out]).toEqual([0, expect.stringContaining('stops now: 0 surfaces')]);
    await liftAll();
    const said = await command(IC, `freeze ${kind} ${value} --unknown because incident`);
    expect(said).toContain('it stops 0 surfaces of policies, 0 known actors and 0 waiting actions now');
    expect(await inForce()).toMatchObject([{ scope: kind, value }]);
    await liftAll();
  });
});

describe('a mention in Slack', () => {
  it.each([
    ['user:requester@acme.test', (id: string) => `<@${id}>`],
    ['user:requester@acme.test', (id: string) => `<@${id}|somebody else>`.replace(' ', '_')],
    ['user:cfo@acme.test', (id: string) => `<@${id}|fatima>`],
    ['user:duty-manager@acme.test', (id: string) => `<@${id}|>`],
  ])('is %s', async (person, mention) => {
    const said = await command(IC, `freeze actor ${mention(slackId(person))} because incident`);
    expect(await inForce()).toMatchObject([{ scope: 'actor', value: person }]);
    expect(said).toContain(`actor ${person}; it stops 0 surfaces of policies, 1 known actors`);
    await liftAll();
  });

  it.each(['<@U0NOBODY>', '<@U0NOBODY|Robin>', '<!channel>', '@Robin', '<@u0cfo>', '<#C0FINANCE|x>'])(
    '%s is nobody, and stops nothing',
    async (mention) => {
      await command(IC, `freeze actor ${mention} because incident`);
      expect(await inForce()).toEqual([]);
    },
  );
});

describe('the Home tab', () => {
  it('shows what is frozen to everybody, and lifts it for who may', async () => {
    const { control } = stack.sandbox;
    await command(IC, 'freeze actor agent:support-bot because it asks for the same thing again and again');
    const homeOf = async (person: string, test: (text: string) => boolean) => {
      await control.openHome(slackId(person));
      return control.waitFor(() => {
        const home = control.home(slackId(person));
        return home !== undefined && test(JSON.stringify(home.blocks)) && home;
      }, 30_000);
    };
    const seen = await homeOf(LEAD, (text) => text.includes('again and again'));
    expect(JSON.stringify(seen.blocks)).not.toContain('lift_form');
    const mine = await homeOf(IC, (text) => text.includes('lift_form'));
    await control.clickInView({ user: slackId(IC), viewId: mine.id, actionId: 'lift_form' });
    const modal = await control.waitFor(() => control.modal(slackId(IC)), 30_000);
    expect((await control.submit({ user: slackId(IC), viewId: modal.id, values: {} })).outcome).toBe('errors');
    const done = await control.submit({ user: slackId(IC), viewId: modal.id, values: { reason: 'it was repaired' } });
    expect(done.outcome).toBe('closed');
    expect(await inForce()).toEqual([]);
    await control.waitFor(() => {
      const home = control.home(slackId(IC));
      return home !== undefined && !JSON.stringify(home.blocks).includes('again and again');
    }, 30_000);
    expect(await command(LEAD, 'freezes')).toContain('Nothing is frozen');
  });
});
