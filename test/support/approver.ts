/** The approver's end-to-end test, the same against every Slack: our sandbox, and others' emulators. */
import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/contract/index.ts';
import { textsOf } from '../../src/slack/blocks/index.ts';
import type { SharedStack } from './shared-stack.ts';
import { CFO, LEAD, refund } from './stack.ts';

/** A message as it is shown now. */
export interface Shown {
  channel: string;
  ts: string;
  blocks: readonly object[];
}

/** What a person can do and see in some Slack; people by their Slack id. */
export interface ApproverDriver {
  /** The message in #finance-approvals about an action, as soon as it is there. */
  messageOf(action: string): Promise<Shown>;
  /** The same message as soon as `holds` is true of it. */
  until(message: Shown, holds: (now: Shown) => boolean): Promise<Shown>;
  click(user: string, message: Shown, actionId: string): Promise<void>;
  /** Fills in the modal this person has open, by block, and submits it: errors are shown in it, or it is gone or says something else. */
  submit(user: string, values: Record<string, string>): Promise<'taken' | 'errors'>;
  /** Texts that only this person sees, oldest first. */
  privateAnswers(user: string): Promise<string[]>;
  /** Asks again and again until `read` answers something. */
  wait<T>(read: () => Promise<T | undefined>): Promise<T>;
}

const STRANGER = 'user:risk-officer@acme.test';

export const hasButton = (message: Shown, actionId: string): boolean =>
  JSON.stringify(message.blocks).includes(`"action_id":"${actionId}"`);

/** Registers the tests; `of` is asked when they run. */
export function approverTests(of: () => { stack: SharedStack; slack: ApproverDriver }): void {
  const slackId = (person: string): string => {
    const user = of().stack.stack.parts.directory.current('default').person(person)?.slack?.user;
    if (user === undefined) throw new Error(`${person} has no Slack id`);
    return user;
  };
  const nameOf = (person: string): string =>
    of().stack.stack.parts.directory.current('default').person(person)?.name ?? '';
  const actionOf = (id: string, wait = 20) => of().stack.call('GET', `/v1/actions/${id}?wait=${wait}`);
  const parked = async (amount: number) => {
    const { stack, slack } = of();
    const asked = await stack.ask(refund(amount));
    expect(asked.status).toBe(202);
    const id = asked.body.id as string;
    return { id, message: await slack.messageOf(id) };
  };
  /** What this person is told privately after `act`, and was not told before. */
  const toldBy = async (person: string, act: () => Promise<unknown>): Promise<string> => {
    const { slack } = of();
    const before = (await slack.privateAnswers(slackId(person))).length;
    await act();
    return slack.wait(async () => (await slack.privateAnswers(slackId(person))).slice(before).at(-1));
  };

  it('approves by one click; the message shows who and when, and loses its buttons', async () => {
    const { stack, slack } = of();
    const { id, message } = await parked(420.5);
    expect(hasButton(message, 'approve')).toBe(true);
    await slack.click(slackId(LEAD), message, 'approve');
    const action = await actionOf(id);
    expect(action.body).toMatchObject({
      status: 'released',
      permit: expect.any(String),
      approval: { stages: [{ decisions: [{ by: LEAD, decision: 'approve', via: 'slack' }] }] },
    });
    const shown = await slack.until(message, (now) => !hasButton(now, 'approve'));
    expect(textsOf({ text: '', blocks: shown.blocks as JsonObject[] }).join('\n')).toContain(
      `${nameOf(LEAD)} approved`,
    );
    const records = (await stack.call('GET', `/v1/records?action=${id}&type=decision`)).body.records;
    expect(records[0].record).toMatchObject({
      decision: 'approve',
      by: LEAD,
      via: 'slack',
      slack: { workspace: 'T0SANDBOX', user: slackId(LEAD), channel: message.channel, message: message.ts },
      shown: { renderer: expect.stringMatching(/^slack\//), hash: expect.stringMatching(/^sha256:/) },
    });
    expect(records[0].record.responsibility).toContain('responsibility');
  });

  it('refuses in a modal that wants a reason, and the message shows it', async () => {
    const { slack } = of();
    const { id, message } = await parked(311.3);
    await slack.click(slackId(CFO), message, 'refuse_form');
    expect(await slack.submit(slackId(CFO), {})).toBe('errors');
    expect((await actionOf(id, 0)).body.status).toBe('supervised');
    expect(await slack.submit(slackId(CFO), { reason: 'not our customer' })).toBe('taken');
    const action = await actionOf(id);
    expect(action.body).toMatchObject({
      status: 'refused',
      permit: null,
      approval: { stages: [{ decisions: [{ by: CFO, decision: 'refuse', reason: 'not our customer' }] }] },
    });
    const shown = await slack.until(message, (now) => !hasButton(now, 'refuse_form'));
    expect(JSON.stringify(shown.blocks)).toContain('not our customer');
  });

  it('approves less in a modal; the message shows both amounts, and the permit is for the lower one', async () => {
    const { stack, slack } = of();
    const { id, message } = await parked(640);
    await slack.click(slackId(LEAD), message, 'approve_form');
    expect(await slack.submit(slackId(LEAD), { change_0: '320', reason: 'one of two came back' })).toBe('taken');
    const action = await actionOf(id);
    expect(action.body.status).toBe('released');
    const redeemed = await stack.call('POST', '/v1/permits/redeem', { permit: action.body.permit });
    expect(redeemed.body).toMatchObject({ changes: { 'params.amount': 320 } });
    const shown = await slack.until(message, (now) => !hasButton(now, 'approve'));
    expect(textsOf({ text: '', blocks: shown.blocks as JsonObject[] }).join('\n')).toContain('amount: 640.00 → 320.00');
  });

  it('is told privately when not asked, and nothing changes', async () => {
    const { slack } = of();
    const { id, message } = await parked(310);
    const told = await toldBy(STRANGER, () => slack.click(slackId(STRANGER), message, 'approve'));
    expect(told).not.toBe('');
    expect((await actionOf(id, 0)).body).toMatchObject({
      status: 'supervised',
      approval: { stages: [{ decisions: [] }] },
    });
    expect(hasButton(await slack.messageOf(id), 'approve')).toBe(true);
  });

  it('is told who decided when late, and one of two clicks at once counts', async () => {
    const { slack } = of();
    const { id, message } = await parked(320);
    await Promise.all([LEAD, CFO].map((person) => slack.click(slackId(person), message, 'approve')));
    const action = await actionOf(id);
    expect(action.body.status).toBe('released');
    const { decisions } = action.body.approval.stages[0];
    expect(decisions).toHaveLength(1);
    const [winner, loser] = decisions[0].by === LEAD ? [LEAD, CFO] : [CFO, LEAD];
    await slack.wait(async () => (await slack.privateAnswers(slackId(loser))).at(-1));
    // The buttons of a client that has not caught up yet are still there to be clicked.
    const told = await toldBy(loser, () => slack.click(slackId(loser), message, 'approve'));
    expect(told).toContain(nameOf(winner));
  });
}
