/** Whole before yes: nobody approves what they could not read, through any door. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RENDERER } from '../../src/slack/blocks/index.ts';
import { hashOf } from '../../src/canonical/index.ts';
import { countersign } from '../cli/harness.ts';
import { createAdviser } from '../support/adviser.ts';
import { eventually } from '../support/eventually.ts';
import { decide, policiesFolder } from '../support/policies.ts';
import { CFO, LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';

const WAIT_MS = 30_000;

const ORIGIN = `policy: test.origin
surfaces: [test.origin]
refusalStands: 0
rules:
  - id: read-of
    when: has(context.provenance) && provenance(params.account) == "web page"
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }] }
  - { id: else, when: 'true', then: approve }
disclose: [params.account]
`;

const ADVISED = `policy: test.advised
surfaces: [test.advised]
refusalStands: 0
rules:
  - { id: small, when: params.amount <= 10, then: approve }
  - id: asked
    when: 'true'
    then: supervise
    approval: { stages: [{ name: on call, approvers: ['oncall:payments', 'oncall:lost'] }] }
advice: [{ ask: risk, stage: { name: risk desk, approvers: ['user:risk-officer@acme.test'] } }]
disclose: [params.amount]
`;
const CALENDAR = [
  'BEGIN:VCALENDAR',
  'BEGIN:VEVENT',
  'UID:1',
  'DTSTART;VALUE=DATE:20260101',
  'RRULE:FREQ=DAILY',
  'ATTENDEE;CN=Lead:mailto:FINANCE-LEAD@acme.test',
  'END:VEVENT',
  'END:VCALENDAR',
].join('\r\n');

const policy = (surface: string, more: string, blind = ''): string => `policy: ${surface}
surfaces: [${surface}]
requires: [params.amount]
refusalStands: 0
notify: ['#finance-approvals']
rules:
  - id: all
    when: params.amount > 0 && params.account != ""
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }]${blind} }
${more}
`;

const settings = mkdtempSync(join(tmpdir(), 'countersign-settings-'));
/** The owner's reviewer: what it says, by the amount. */
const adviser = createAdviser((amount) => {
  if (amount === 7) return { advice: 'stage', reason: 'odd hour' };
  return amount === 8 ? { advice: 'refuse' } : { advice: 'none' };
});
let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
beforeAll(async () => {
  folder = policiesFolder({
    'test.long.yaml': policy('test.long', 'disclose: [params.amount, params.account]\nshow: [params.note]'),
    'test.withheld.yaml': policy('test.withheld', 'disclose: [params.amount]'),
    'test.origin.yaml': ORIGIN,
    'test.advised.yaml': ADVISED,
    'test.blind.yaml': policy('test.blind', 'disclose: [params.amount]', ', blind: accepted'),
  });
  writeFileSync(join(settings, 'rota.ics'), CALENDAR);
  const rotas = [
    { name: 'payments', source: 'icalendar', file: 'rota.ics', fallback: ['user:cfo@acme.test'] },
    { name: 'lost', source: 'icalendar', file: 'lost.ics', fallback: ['user:cfo@acme.test'] },
  ];
  const [COUNTERSIGN_ONCALL, COUNTERSIGN_ADVISERS] = [join(settings, 'rotas.yaml'), join(settings, 'advisers.yaml')];
  writeFileSync(COUNTERSIGN_ONCALL, JSON.stringify({ rotas }));
  const url = await adviser.listen();
  // On a busy machine, advice would be late otherwise: that is another test.
  writeFileSync(
    COUNTERSIGN_ADVISERS,
    JSON.stringify({ advisers: [{ name: 'risk', url, network: 'loopback', timeout: 2 }] }),
  );
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path, COUNTERSIGN_ONCALL, COUNTERSIGN_ADVISERS });
});
afterAll(async () => {
  await it_.stop();
  await adviser.close();
  rmSync(settings, { recursive: true, force: true });
  folder.remove();
});

const CUT = 'a'.repeat(4000);
const ask = async (surface: string, params: object): Promise<string> =>
  (await it_.ask({ ...REFUND, surface, params: { amount: 7, account: 'DE-1', ...params } })).body.id;
const approve = async (id: string, person = LEAD, more: object = {}) =>
  it_.call(
    'POST',
    `/v1/actions/${id}/decisions`,
    { decision: 'approve', ...more },
    { token: await it_.person(person) },
  );
const open = async (id: string, person = LEAD) =>
  it_.call('GET', `/v1/actions/${id}/whole`, undefined, { token: await it_.person(person) });
const statusOf = async (id: string) => (await it_.call('GET', `/v1/actions/${id}?wait=20`)).body.status;
const decisionOf = async (id: string) =>
  (await it_.call('GET', `/v1/records?action=${id}&type=decision`)).body.records[0].record;

const slackId = (person: string): string =>
  it_.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
const modal = () => it_.sandbox.control.modal(slackId(LEAD));
const messageAbout = (id: string, channel = 'finance-approvals') =>
  it_.sandbox.control.waitFor(
    () => it_.sandbox.control.messages(channel).find(({ blocks }) => JSON.stringify(blocks).includes(id)),
    WAIT_MS,
  );

/** Each is seen by nobody but the API: how many there are makes the test longer, and nothing else. `COUNTERSIGN_CUT=200` for all. */
const MANY = Number(process.env['COUNTERSIGN_CUT'] ?? 60);

describe('where a value came from', () => {
  const asked = {
    ...{ ...REFUND, surface: 'test.origin', params: { account: 'DE-1' } },
    context: { provenance: { 'params.account': 'web page' } },
  };
  const keyOf = async (more: object): Promise<string> => {
    const scope = { surfaces: ['test.origin'], actors: [REFUND.actor.id], ...more };
    return (await it_.call('POST', '/v1/api-keys', scope)).body.key;
  };

  it('counts, and approvers read it, where the key was made to say so', async () => {
    const { body } = await it_.ask(asked, { token: await keyOf({ provenance: true }) });
    expect(body).toMatchObject({ status: 'supervised', verdict: { rule: 'read-of' } });
    const noted = [{ label: 'Origin', value: 'account came from a web page' }];
    expect((await open(body.id)).body.whole.noted).toEqual(noted);
    const { record } = (await it_.call('GET', `/v1/records?action=${body.id}&type=verdict`)).body.records[0];
    expect(record.facts.provenance).toEqual({ believed: true, fields: { 'params.account': 'web page' } });
    await decide(it_, body.id, { decision: 'approve' }, LEAD);
    expect(await statusOf(body.id)).toBe('released');
  });

  it('is sealed as claimed, and policy sees nothing of it, where another key says so', async () => {
    const { body } = await it_.ask(asked, { token: await keyOf({}) });
    expect(body).toMatchObject({ status: 'released', verdict: { rule: 'else' } });
    const { record } = (await it_.call('GET', `/v1/records?action=${body.id}&type=verdict`)).body.records[0];
    expect(record.facts.provenance).toEqual({ believed: false, fields: { 'params.account': 'web page' } });
  });
});

describe('what is known beside the request', () => {
  const asked = async (amount: number) => {
    const request = { ...REFUND, surface: 'test.advised', params: { amount, account: 'DE-1' } };
    const { body } = await it_.ask(request);
    return body.action ?? body;
  };
  const sealed = async (id: string) =>
    (await it_.call('GET', `/v1/records?action=${id}&type=verdict`)).body.records.at(-1)?.record.facts;

  /** On a busy machine the verdict or the adviser may be late, which changes nothing: then it is asked about another request. */
  const advised = (amount: number) =>
    eventually('the adviser answers', async () => {
      const action = await asked(amount);
      const given = action.id === undefined ? undefined : (await sealed(action.id))?.advice?.[0];
      return given?.answer == null ? undefined : action;
    });

  it('an adviser’s word is sealed, read by approvers, and may stop, but never release', async () => {
    const [free, staged, refused] = [await advised(9), await advised(7), await advised(8)];
    expect([free.status, staged.status, refused.status]).toEqual(['released', 'supervised', 'refused']);
    expect(staged.approval.stages.map(({ approvers }: { approvers: string[] }) => approvers)).toEqual([
      ['user:risk-officer@acme.test'],
    ]);
    expect((await sealed(staged.id)).advice).toEqual([
      { policy: 'test.advised', ask: 'risk', answer: 'stage', reason: 'odd hour', why: null },
    ]);
    const { whole } = (await open(staged.id, 'user:risk-officer@acme.test')).body;
    expect(whole.noted).toContainEqual({ label: 'Advice of risk', value: 'to be looked at: odd hour' });
    expect(adviser.seen.map(({ data }) => data.values)).toContainEqual({ 'params.amount': 7 });
    expect(JSON.stringify(adviser.seen)).not.toContain('DE-1');
  });

  it('who is on call is asked, and the fallback where nobody says who', async () => {
    const { id, approval } = await advised(50);
    expect(approval.stages[0].approvers).toEqual([CFO, LEAD]);
    const [lost, payments] = (await sealed(id)).oncall;
    expect(payments).toEqual({ ref: 'oncall:payments', source: 'icalendar', people: [LEAD], fallback: null });
    expect(lost).toMatchObject({ ref: 'oncall:lost', people: [CFO], fallback: { refs: [CFO] } });
    expect(JSON.stringify((await open(id)).body.whole.noted)).toContain('asked instead');
  });
});

describe('over the API', () => {
  it('none of many requests that differ only after the cut is approved before its whole was opened', async () => {
    const token = await it_.person(LEAD);
    const ids: string[] = [];
    for (let at = 0; at < MANY; at += 10) {
      const some = Array.from({ length: 10 }, (_, i) => ask('test.long', { note: `${CUT}${at + i}` }));
      ids.push(...(await Promise.all(some)));
    }
    expect(new Set(ids).size).toBe(MANY);
    for (let at = 0; at < MANY; at += 10) {
      const tries = ids
        .slice(at, at + 10)
        .map((id) => it_.call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve' }, { token }));
      for (const { status, body } of await Promise.all(tries)) {
        expect([status, body.code]).toEqual([403, 'not-shown-whole']);
      }
    }
    const [id = '', other = ''] = ids;
    const { whole, shown } = (await open(id)).body;
    expect(whole.request.params.note).toBe(`${CUT}0`);
    expect(shown.hash).toBe(hashOf(whole));
    expect((await approve(other, LEAD, { shown: { hash: shown.hash, renderer: shown.renderer } })).status).toBe(403);
    // Somebody else opened it, and this one did not.
    expect((await approve(id, CFO)).body.code).toBe('not-shown-whole');
    await decide(it_, id, { decision: 'approve' }, LEAD);
    expect(await statusOf(id)).toBe('released');
    expect((await decisionOf(id)).shown).toEqual(shown);
    const opening = (await it_.call('GET', `/v1/records/${shown.opening}`)).body.record;
    expect(opening).toMatchObject({ type: 'export', by: LEAD, body: { what: 'whole', action: id, shown: shown.hash } });
    expect(JSON.stringify(opening)).not.toContain(CUT);
  });

  it('refusing, and asking a question, need no whole', async () => {
    const id = await ask('test.long', { note: CUT });
    await decide(it_, id, { decision: 'return', reason: 'which account?' }, LEAD);
    await decide(it_, id, { decision: 'refuse', reason: 'no' }, CFO);
    expect(await statusOf(id)).toBe('refused');
  });

  it('what policy goes by and withholds is read in the whole, and a policy that accepts blindness seals it', async () => {
    const id = await ask('test.withheld', {});
    const verdict = (await it_.call('GET', `/v1/records?action=${id}&type=verdict`)).body.records[0].record;
    expect(verdict.unseen).toEqual(['params.account']);
    expect((await approve(id)).body.code).toBe('not-shown-whole');
    expect((await open(id)).body.whole.request.params.account).toBe('DE-1');
    expect((await approve(id)).status).toBe(200);

    const blind = await ask('test.blind', {});
    const sealed = (await it_.call('GET', `/v1/records?action=${blind}&type=verdict`)).body.records[0].record;
    expect(sealed.plan.blind).toBe(true);
    expect((await approve(blind)).status).toBe(200);
  });

  it('the whole is for those who decide, and after another’s word it is to be read anew', async () => {
    const id = await ask('test.long', { note: CUT });
    expect((await open(id, 'user:sales-manager@acme.test')).status).toBe(404);
    expect((await open(id)).status).toBe(200);
    await decide(it_, id, { decision: 'return', reason: 'which account?' }, CFO);
    expect((await approve(id)).body.code).toBe('not-shown-whole');
    const env = { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: await it_.person(LEAD) };
    const shown = await countersign(['show', '--whole', id], { env });
    expect(shown.out).toContain(CUT);
    expect(shown.out).toContain('which account?');
    await countersign(['approve', id], { env });
    expect(await statusOf(id)).toBe('released');
    expect(await decisionOf(id)).toMatchObject({
      via: 'cli',
      shown: { renderer: 'whole/1', hash: expect.any(String) },
    });
  });
});

describe('in Slack', () => {
  it('the first button reads page by page, and the last page decides', async () => {
    const id = await ask('test.long', { note: `${'b'.repeat(30_000)}the end` });
    const { channel, ts, blocks } = await messageAbout(id);
    expect(JSON.stringify(blocks)).toContain('Read all, then decide…');
    expect(JSON.stringify(blocks)).not.toContain('"action_id":"approve"');
    await it_.sandbox.control.click({ user: slackId(LEAD), channel, ts, actionId: 'open_form' });
    let text = '';
    for (let page = 0; page < 10; page += 1) {
      await it_.sandbox.control.waitFor(() => {
        const view = JSON.stringify(modal() ?? null);
        return view.includes(`Read: ${String(page + 1)} of `) || view.includes('Your decision');
      }, WAIT_MS);
      const view = modal();
      if (view === undefined || JSON.stringify(view).includes('Your decision')) break;
      text += JSON.stringify(view.blocks);
      expect(JSON.stringify(view.blocks)).not.toContain('"value":"approve"');
      await it_.sandbox.control.submit({ user: slackId(LEAD), viewId: view.id, values: {} });
    }
    expect(text).toContain('the end');
    expect(text.match(/b/g)?.length).toBeGreaterThanOrEqual(30_000);
    await it_.sandbox.control.submit({
      user: slackId(LEAD),
      viewId: String(modal()?.id),
      values: { decision: 'approve' },
    });
    expect(await statusOf(id)).toBe('released');
    expect(await decisionOf(id)).toMatchObject({ via: 'slack', shown: { renderer: RENDERER } });
  });

  it('what is withheld is read in the console, and cannot be approved from Slack', async () => {
    const id = await ask('test.withheld', {});
    const blocks = JSON.stringify((await messageAbout(id)).blocks);
    expect(blocks).toContain('"text":"Read all, then decide"');
    expect(blocks).toContain(`/console#${id}`);
    expect(blocks).not.toContain('DE-1');
  });

  it('a mail is decided with its recipients and subject in sight', async () => {
    const { body } = await it_.ask({
      surface: 'email.send',
      action: 'email.send',
      actor: { id: 'agent:support-bot', type: 'agent', onBehalfOf: { id: 'user:requester@acme.test', type: 'user' } },
      resource: { type: 'mailbox', id: 'support' },
      params: { recipients: ['someone@example.test'], subject: 'Your order' },
      content: { body: 'secret' },
    });
    const blocks = JSON.stringify((await messageAbout(body.id, 'outbound-mail')).blocks);
    for (const part of ['someone@example.test', 'Your order', '"action_id":"approve"']) expect(blocks).toContain(part);
    expect(blocks).not.toContain('secret');
  });
});
