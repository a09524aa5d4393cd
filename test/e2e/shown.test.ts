/** What an approver took on, sealed with the decision at every door; and what they were shown, rendered again by a verifier. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RENDERER } from '../../src/slack/blocks/index.ts';
import { countersign } from '../cli/harness.ts';
import { eventually } from '../support/eventually.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { CFO, LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

const AUDITOR = 'user:auditor@acme.test';
const WAIT_MS = 30_000;

let it_: TestStack;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'countersign-shown-'));
  it_ = await startTestStack();
});
afterAll(async () => {
  await it_.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const slackId = (person: string): string =>
  it_.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
const parked = async (amount: number): Promise<string> => (await it_.ask(refund(amount))).body.id as string;
const closed = (id: string) => it_.call('GET', `/v1/actions/${id}?wait=30`);
const click = async (id: string, person: string, actionId: string): Promise<void> => {
  const { channel, ts } = await sandboxDriver(it_.sandbox).messageOf(id);
  await it_.sandbox.control.click({ user: slackId(person), channel, ts, actionId });
};
const submit = (person: string, values: Record<string, string | string[]>) =>
  it_.sandbox.control
    .waitFor(() => it_.sandbox.control.modal(slackId(person)), WAIT_MS)
    .then(({ id }) => it_.sandbox.control.submit({ user: slackId(person), viewId: id, values }));
const write = (name: string, value: unknown): string => {
  const file = join(scratch, name);
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
};

/** The decision's record, and a verifier that holds `shown` files against its receipt. */
async function decisionOf(id: string) {
  const { records } = (await it_.call('GET', `/v1/records?action=${id}&type=decision`)).body;
  const { hash, record } = records[0];
  const receipt = write('receipt', (await it_.call('GET', `/v1/records/${hash}/receipt`)).body);
  const key = write('keys', { keys: [it_.stack.parts.keys.forTenant('default').record.publicJwk] });
  const logKey = write('vkey', await it_.stack.parts.logReader.vkey('default'));
  const verify = (file: string) =>
    countersign(['verify', receipt, '--key', key, '--log-key', logKey, '--json', '--shown', file]);
  return { hash: hash as string, record, verify };
}

async function shownTo(hash: string) {
  const env = { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: await it_.person(AUDITOR) };
  return countersign(['shown', hash], { env });
}

describe('what an approver was shown in Slack', () => {
  /** Each decides the action of 420.50 in another place. */
  const PLACES: Record<string, (id: string) => Promise<unknown>> = {
    'the message, by one click': (id) => click(id, LEAD, 'approve'),
    'the message, after others like it were decided': async (id) => {
      const other = await parked(310);
      await click(other, CFO, 'approve');
      await closed(other);
      await click(id, LEAD, 'approve');
    },
    'a form opened from the message': async (id) => {
      await click(id, LEAD, 'approve_form');
      await submit(LEAD, { change_0: '120', reason: 'half of it' });
    },
    'the Home tab': async (id) => {
      const { control } = it_.sandbox;
      await control.openHome(slackId(LEAD));
      const home = await control.waitFor(() => control.home(slackId(LEAD)), WAIT_MS);
      const block = home.blocks.find((one) => JSON.stringify(one).includes(id));
      await control.clickInView({
        user: slackId(LEAD),
        viewId: home.id,
        actionId: 'open_form',
        blockId: String(block?.['block_id']),
      });
      await control.waitFor(
        () => JSON.stringify(control.modal(slackId(LEAD)) ?? null).includes('Your decision'),
        WAIT_MS,
      );
      await submit(LEAD, { decision: 'approve' });
    },
  };

  it.each(Object.entries(PLACES))('on %s renders to the sealed hash again', async (_place, decide) => {
    const id = await parked(420.5);
    await decide(id);
    expect((await closed(id)).body.status).toBe('released');
    const { hash, record, verify } = await decisionOf(id);
    expect(record).toMatchObject({
      by: LEAD,
      via: 'slack',
      at: expect.any(String),
      slack: { workspace: 'T0SANDBOX', user: slackId(LEAD), message: expect.any(String) },
      shown: { hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), renderer: RENDERER },
      responsibility: expect.stringContaining('take responsibility'),
    });
    const printed = await shownTo(hash);
    expect([printed.code, printed.err]).toEqual([0, '']);
    const shown = JSON.parse(printed.out);
    const verified = await verify(write('shown', shown));
    expect(verified.code, verified.out).toBe(0);
    const { texts } = JSON.parse(verified.out).shown[0];
    expect(texts.join('\n')).toContain('420.50 USD');
    expect(texts.join('\n')).toContain(record.responsibility);
  });

  it('is sealed with each of several that are decided at once', async () => {
    const [first, second] = [await parked(210), await parked(220)];
    await it_.sandbox.control.waitFor(() => {
      const message = it_.sandbox.control
        .messages('finance-approvals')
        .find((one) => JSON.stringify(one.blocks).includes(second));
      return JSON.stringify(message?.blocks ?? '').includes('alike_form');
    }, WAIT_MS);
    await click(second, CFO, 'alike_form');
    await submit(CFO, { decision: 'refuse', reason: 'both were paid already' });
    for (const id of [first, second]) {
      expect((await closed(id)).body.status).toBe('refused');
      const { hash, verify } = await decisionOf(id);
      const shown = JSON.parse((await shownTo(hash)).out);
      expect(shown).toMatchObject({ view: 'alike', model: { action: second } });
      expect((await verify(write('shown', shown))).code).toBe(0);
    }
  });

  it('is not what somebody says it was', async () => {
    const id = await parked(430);
    await click(id, LEAD, 'approve');
    await closed(id);
    const { hash, verify } = await decisionOf(id);
    const shown = JSON.parse((await shownTo(hash)).out);
    for (const lie of [
      { ...shown, model: { ...shown.model, amount: '43.00 USD' } },
      { ...shown, person: CFO },
      { ...shown, model: { ...shown.model, action: `act_${'0'.repeat(64)}` } },
      { ...shown, renderer: 'slack/1' },
    ]) {
      const verified = await verify(write('lie', lie));
      expect(verified.code).toBe(3);
      expect(JSON.parse(verified.out).receipts.at(-1)).toMatchObject({ valid: false, reason: 'shown-mismatch' });
    }
    const garbled = await verify(write('lie', { ...shown, model: { action: id } }));
    expect(JSON.parse(garbled.out).receipts.at(-1)).toMatchObject({ valid: false, reason: 'shown-malformed' });
  });

  it('goes with the payload; the record stays, and its hash with it', async () => {
    const id = await parked(440);
    await click(id, CFO, 'refuse_form');
    await submit(CFO, { reason: 'no such order' });
    await closed(id);
    const { hash, record } = await decisionOf(id);
    const token = await it_.person(AUDITOR);
    expect((await it_.call('GET', `/v1/records/${hash}/shown`, undefined, { token })).status).toBe(200);
    // Not before its workflow has ended, too.
    const erased = await eventually('its workflow has ended', async () => {
      const answer = await it_.call('POST', `/v1/actions/${id}/erase`, { reason: 'art. 17' }, { token });
      return answer.body.code === 'conflict' ? undefined : answer.status;
    });
    expect(erased).toBe(200);
    expect((await it_.call('GET', `/v1/records/${hash}/shown`, undefined, { token })).status).toBe(409);
    expect((await it_.call('GET', `/v1/records/${hash}`, undefined, { token })).body.record).toEqual(record);
  });
});

describe('the sentence of responsibility at the other doors', () => {
  it.each(['api', 'cli'] as const)('through %s it is sealed with who, when and through what', async (door) => {
    const id = await parked(450);
    const token = await it_.person(LEAD);
    if (door === 'cli') {
      const env = { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: token };
      const ran = await countersign(['approve', id], { env });
      expect(ran.err).toContain('By approving you take responsibility');
    } else {
      await it_.call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve' }, { token });
    }
    await closed(id);
    const { hash, record, verify } = await decisionOf(id);
    expect(record).toMatchObject({ by: LEAD, via: door, slack: null, shown: { renderer: 'model/1' } });
    expect(record.responsibility).toContain('take responsibility');
    // Nothing renders at these doors: what was offered is the model itself.
    const printed = await shownTo(hash);
    expect([printed.code, printed.err]).toEqual([0, '']);
    const verified = await verify(write('shown', printed.out));
    expect(verified.code, verified.out).toBe(0);
    expect(verified.out).toContain('450.00 USD');
  });

  it('is sealed with no refusal', async () => {
    const id = await parked(460);
    const refusal = { decision: 'refuse', reason: 'duplicate' };
    await it_.call('POST', `/v1/actions/${id}/decisions`, refusal, { token: await it_.person(LEAD) });
    expect((await decisionOf(id)).record.responsibility).toBeNull();
  });
});
