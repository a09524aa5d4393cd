/**
 * Payloads with Slack's good signature that say what is not so: of another workspace, message, action, person or form. Each is refused,
 * written to the log and kept with the attempts; nothing is sealed and nothing changes, on the whole real stack.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { createMetadataSeal, type Metadata } from '../../src/slack/metadata.ts';
import { eventually } from '../support/eventually.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { CFO, LEAD, refund, startTestStack, type Answer, type TestStack } from '../support/stack.ts';
import type { Shown } from '../support/approver.ts';
import { untyped } from '../support/untyped.ts';

const TEAM = 'T0SANDBOX';
const OTHER = 'T0OTHER';
const NOBODY = `act_${'f'.repeat(64)}`;

let it_: TestStack;
let mine: { id: string; message: Shown };
let other: { id: string; message: Shown };
let before: Answer['body'][];
let warned: MockInstance;
/** What the form to refuse `mine` carries, opened by the finance lead. */
let sealed: string;

const slackId = (person: string): string =>
  it_.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
const states = async (): Promise<Answer['body'][]> =>
  Promise.all([mine, other].map(async ({ id }) => (await it_.call('GET', `/v1/actions/${id}`)).body));
const attempts = async (): Promise<number> => {
  const lists = await Promise.all(
    [mine.id, other.id, NOBODY, 'unknown'].map((id) => it_.stack.parts.store.attempts.list('default', id)),
  );
  return lists.flat().filter(({ door }) => door === 'slack').length;
};

async function parked(amount: number) {
  const asked = await it_.ask(refund(amount));
  expect(asked.status).toBe(202);
  const id = asked.body.id as string;
  return { id, message: await sandboxDriver(it_.sandbox).messageOf(id) };
}

beforeAll(async () => {
  it_ = await startTestStack();
  [mine, other] = [await parked(420.5), await parked(421.5)];
  const { control } = it_.sandbox;
  const user = slackId(LEAD);
  await control.click({ user, channel: mine.message.channel, ts: mine.message.ts, actionId: 'refuse_form' });
  sealed = (await control.waitFor(() => control.modal(user))).privateMetadata;
  before = await states();
  warned = vi.spyOn(it_.stack.parts.log, 'warn');
});
beforeEach(() => warned.mockClear());
afterAll(() => it_.stop());

/** What the button to approve carries. */
function valueOf(message: Shown): string {
  const buttons = message.blocks.flatMap((block) =>
    'elements' in block ? (block.elements as { action_id?: string; value?: string }[]) : [],
  );
  const value = buttons.find(({ action_id: id }) => id === 'approve')?.value;
  if (value === undefined) throw new Error('the message has no button to approve');
  return value;
}

const sender = (team: string, user: string) => ({
  team: { id: team, domain: 'sandbox' },
  user: { id: user, username: 'x', name: 'x', team_id: team },
  api_app_id: 'A0SANDBOX',
  token: 'x',
  trigger_id: '1.2.3',
});
const click = (more: object = {}, on: Shown = mine.message, value: string = valueOf(mine.message)): object => ({
  type: 'block_actions',
  ...sender(TEAM, slackId(LEAD)),
  enterprise: null,
  is_enterprise_install: false,
  container: { type: 'message', channel_id: on.channel, message_ts: on.ts, is_ephemeral: false },
  channel: { id: on.channel, name: 'finance-approvals' },
  message: { ts: on.ts },
  response_url: `${it_.url}/slack-sandbox/actions/T/none/none`,
  actions: [{ type: 'button', action_id: 'approve', block_id: 'controls', value, action_ts: '1' }],
  ...more,
});
const submission = (metadata: string, more: object = {}, callback = 'refuse'): object => ({
  type: 'view_submission',
  ...sender(TEAM, slackId(LEAD)),
  enterprise: null,
  is_enterprise_install: false,
  view: {
    id: 'V0FORGED',
    type: 'modal',
    callback_id: callback,
    private_metadata: metadata,
    state: { values: { reason: { value: { type: 'plain_text_input', value: 'because' } } } },
  },
  response_urls: [],
  ...more,
});

const contents = (): Metadata =>
  JSON.parse(Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString()) as Metadata;
/** The form's own words with others put in, under the old seal. */
const altered = (patch: Partial<Metadata>): string => {
  const body = Buffer.from(JSON.stringify({ ...contents(), ...patch })).toString('base64url');
  return `${body}.${sealed.split('.')[1] ?? ''}`;
};
/** Sealed well, with the secret of another app. */
const foreign = (): string => createMetadataSeal('the secret of another app').seal(contents());
const named = (value: string, action: string): string => value.replaceAll(mine.id, action);

const CLICKS: [string, () => object][] = [
  ['another workspace', () => click(sender(OTHER, slackId(LEAD)))],
  ['a workspace that its user does not belong to', () => click({ user: { id: slackId(LEAD), team_id: OTHER } })],
  [
    'another enterprise, installed for all of it',
    () =>
      click({
        ...sender(OTHER, slackId(LEAD)),
        team: null,
        enterprise: { id: 'E0OTHER', name: 'other' },
        is_enterprise_install: true,
      }),
  ],
  ['somebody whom Slack does not know', () => click(sender(TEAM, 'U0GHOST'))],
  ['a message about another action', () => click({}, other.message)],
  [
    'the message with another action in its button',
    () => click({}, mine.message, named(valueOf(mine.message), other.id)),
  ],
  ['an action that this tenant does not have', () => click({}, mine.message, named(valueOf(mine.message), NOBODY))],
  ['a message that is not there', () => click({}, { ...mine.message, ts: '1.000001' })],
  ['a channel that is not there', () => click({}, { ...mine.message, channel: 'C0ELSEWHERE' })],
  ['a message that contradicts itself', () => click({ message: { ts: other.message.ts } })],
  ['a button without a value', () => click({}, mine.message, '')],
];

const SUBMISSIONS: [string, () => object][] = [
  ['metadata cut short', () => submission(sealed.slice(0, -4))],
  ['metadata with another action in it', () => submission(altered({ action: other.id }))],
  ['metadata with another person in it', () => submission(altered({ user: slackId(CFO) }), sender(TEAM, slackId(CFO)))],
  ['metadata of another tenant', () => submission(altered({ tenant: 'other' }))],
  ['metadata that lives for ever', () => submission(altered({ expires: 9_999_999_999 }))],
  ['metadata sealed by another app', () => submission(foreign())],
  ['no metadata', () => submission('')],
  ["another person's form", () => submission(sealed, sender(TEAM, slackId(CFO)))],
  ['the form from another workspace', () => submission(sealed, sender(OTHER, slackId(LEAD)))],
  [
    'the form from another enterprise',
    () =>
      submission(sealed, {
        ...sender(OTHER, slackId(LEAD)),
        team: null,
        enterprise: { id: 'E0OTHER', name: 'other' },
        is_enterprise_install: true,
      }),
  ],
  ['the form to refuse as the form to approve', () => submission(sealed, {}, 'approve')],
];

/** Sent as Slack sends it: well signed, at this moment. What contradicts itself names nobody to keep an attempt of. */
async function refusedAndLogged(payload: object): Promise<string> {
  const kept = await attempts();
  const answer = await it_.sandbox.control.deliver('interaction', untyped(payload));
  await eventually('it is logged, and the attempt stored', async () => {
    const lines = warned.mock.calls.map((call) => String(call[1]));
    if (!/a Slack interaction was refused|a malformed click was refused/.test(lines.join())) return undefined;
    return lines.includes('a malformed click was refused') || (await attempts()) > kept || undefined;
  });
  expect(await states()).toEqual(before);
  return answer.body;
}

describe('a signed click', () => {
  it.each(CLICKS)('from %s is refused, logged, and changes nothing', async (_what, make) => {
    await refusedAndLogged(make());
  });
});

describe('a signed submission', () => {
  it.each(SUBMISSIONS)('with %s is refused, logged, and changes nothing', async (_what, make) => {
    expect(JSON.parse(await refusedAndLogged(make()))).toMatchObject({ response_action: 'errors' });
  });
});

it('the log names neither what was typed nor what the form carries', () => {
  const lines = JSON.stringify(warned.mock.calls);
  expect(lines).not.toContain('because');
  expect(lines).not.toContain(sealed);
});

it('the same click and the same form, as they are, count', async () => {
  expect((await it_.sandbox.control.deliver('interaction', untyped(submission(sealed)))).status).toBe(200);
  expect((await it_.call('GET', `/v1/actions/${mine.id}?wait=20`)).body.status).toBe('refused');
  const good = click({}, other.message, valueOf(other.message));
  expect((await it_.sandbox.control.deliver('interaction', untyped(good))).status).toBe(200);
  expect((await it_.call('GET', `/v1/actions/${other.id}?wait=20`)).body.status).toBe('released');
});
