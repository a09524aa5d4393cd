import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { axe, launchBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { policiesFolder } from '../support/policies.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { DESK, openScreen, PHONE, type Screen } from '../support/screen.ts';
import { CFO, LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';

const IC = 'user:incident-commander@acme.test';
const RISK = 'user:risk-officer@acme.test';
const DUTY = 'user:duty-manager@acme.test';

/** What the shipped policies do not offer all at once; told in the channel that the driver looks in. */
const POLICY = `# yaml-language-server: $schema=policy.schema.json
policy: test.desk
refusalStands: 0
surfaces: ['test.desk', 'test.other']
rules:
  - id: asks
    when: 'true'
    then: supervise
    approval:
      stages: [{ name: finance, approvers: ['group:finance'] }]
      expires: 1h
      extendUpTo: 9d
      mayChange: [params.amount]
breakGlass: { allow: ['role:incident-commander'], review: { approvers: ['group:risk'], within: 24h }, limit: { max: 9, window: 1h } }
disclose: [params.amount, params.currency, resource.id]
notify: ['#finance-approvals']
`;

let stack: TestStack;
let browser: Browser;
let screen: Screen;
let folder: ReturnType<typeof policiesFolder>;

beforeAll(async () => {
  folder = policiesFolder({ 'test.desk.yaml': POLICY });
  [stack, browser] = await Promise.all([startTestStack({ COUNTERSIGN_POLICIES: folder.path }), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await stack.stop();
  folder.remove();
});

const ask = async (amount: number, more: object = {}, as?: string) => {
  const request = { ...REFUND, surface: 'test.desk', params: { amount, currency: 'USD' }, ...more };
  const { body } = await stack.ask(request, as === undefined ? {} : { token: await stack.person(as) });
  const id = body.id as string;
  return { id, ...(await sandboxDriver(stack.sandbox).messageOf(id)) };
};
const actionOf = async (id: string, wait = 20) => (await stack.call('GET', `/v1/actions/${id}?wait=${wait}`)).body;
const nameOf = (person: string): string => stack.stack.parts.directory.current('default').person(person)?.name ?? '';

/** The same screen before somebody else. */
const standIn = async (person: string, channel: string): Promise<Screen> => {
  await screen.at(person, channel);
  return screen;
};

describe.each([
  ['at the desk', DESK],
  ['on a phone', PHONE],
])('%s', (where, size) => {
  // Each action of its own actor, so that one test's requests are not like another's.
  let turn = 0;
  const actor = (): object => ({ actor: { id: `agent:${where.replaceAll(' ', '-')}-${(turn += 1)}`, type: 'agent' } });

  beforeEach(async () => {
    screen = await openScreen(browser, stack, size);
  });
  afterEach(async () => {
    const { errors } = screen;
    await screen.close();
    expect(errors).toEqual([]);
  });

  it('a question goes to the requester and the answer comes back into the message', async () => {
    const { id, channel, ts } = await ask(410, actor());
    await screen.at(LEAD, channel);
    await screen
      .message(ts)
      .getByRole('button', { name: /question/i })
      .click();
    const form = screen.form('Ask a question');
    await form.getByLabel('What do you need to know?').fill('Was it charged twice?');
    expect(await axe(screen.page)).toEqual([]);
    expect(await screen.fits()).toBe(true);
    await form.getByRole('button', { name: 'Ask', exact: true }).click();
    await form.waitFor({ state: 'hidden' });
    await screen.message(ts).getByText('Was it charged twice?').first().waitFor();
    expect((await actionOf(id, 0)).status).toBe('supervised');
    expect(
      (await stack.call('POST', `/v1/actions/${id}/answer`, { text: 'Yes, on the 3rd and the 4th.' })).status,
    ).toBe(200);
    await screen.message(ts).getByText('Yes, on the 3rd and the 4th.').first().waitFor();
    expect(await axe(screen.page)).toEqual([]);
    await screen
      .message(ts)
      .getByRole('button', { name: /^Approve/ })
      .first()
      .click();
    expect((await actionOf(id)).status).toBe('released');
  });

  it('more time is given in a form that wants a later time', async () => {
    const { id, channel, ts } = await ask(411, actor());
    const before = (await actionOf(id, 0)).approval.expiresAt as string;
    await screen.at(LEAD, channel);
    await screen
      .message(ts)
      .getByRole('button', { name: /more time/i })
      .click();
    const form = screen.form('More time');
    const later = new Date(Date.parse(before) + 26 * 3600 * 1000);
    const local = new Date(later.getTime() - later.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    await form.getByLabel('Wait until').fill(local);
    expect(await axe(screen.page)).toEqual([]);
    await screen.send(form, 'Give more time');
    const until = await eventually('it waits longer', async () => {
      const { expiresAt } = (await actionOf(id, 0)).approval;
      return expiresAt === before ? undefined : (expiresAt as string);
    });
    expect(Math.abs(Date.parse(until) - later.getTime())).toBeLessThan(60_000);
    await screen.message(ts).getByText('gave it more time').waitFor();
  });

  it('less is approved in a form, and the message shows both amounts', async () => {
    const { id, channel, ts } = await ask(640, actor());
    await screen.at(LEAD, channel);
    await screen
      .message(ts)
      .getByRole('button', { name: /^Change/ })
      .click();
    const form = screen.form('Approve');
    await form.getByLabel('Change amount').fill('900');
    await form.getByRole('button', { name: 'Approve', exact: true }).click();
    await form.getByText('Nothing was decided').first().waitFor();
    await form.getByLabel('Change amount').fill('320');
    await form.getByLabel('Reason').fill('one of two came back');
    expect(await screen.fits()).toBe(true);
    await screen.send(form, 'Approve');
    expect((await actionOf(id)).status).toBe('released');
    await screen.message(ts).getByText(/640/).first().waitFor();
    await screen.message(ts).getByText(/320/).first().waitFor();
    const redeemed = await stack.call('POST', '/v1/permits/redeem', { permit: (await actionOf(id, 0)).permit });
    expect(redeemed.body).toMatchObject({ changes: { 'params.amount': 320 } });
  });

  it('several alike are decided from one message, each sealed by itself', async () => {
    const same = actor();
    const first = await ask(301, same);
    const second = await ask(302, same);
    const third = await ask(303, same);
    await screen.at(CFO, third.channel);
    await screen.message(third.ts).getByRole('button', { name: /alike/i }).click();
    const form = screen.form('Decide together');
    await form.getByLabel(/302/).uncheck();
    await form.getByLabel('Approve them').check();
    await form.getByLabel('Reason for all of them').fill('seen with the customer');
    expect(await axe(screen.page)).toEqual([]);
    expect(await screen.fits()).toBe(true);
    await form.getByRole('button', { name: 'Decide', exact: true }).click();
    const done = await Promise.all([first, third].map(({ id }) => actionOf(id)));
    expect(done).toMatchObject([{ status: 'released' }, { status: 'released' }]);
    expect((await actionOf(second.id, 0)).status).toBe('supervised');
    for (const { id } of [first, third]) {
      const { records } = (await stack.call('GET', `/v1/records?action=${id}&type=decision`)).body;
      expect(records[0].record).toMatchObject({ by: CFO, reason: 'seen with the customer', action: id });
    }
  });

  it('somebody is named to stand in, by a slash command, and decides', async () => {
    const { id, channel, ts } = await ask(412, actor());
    await screen.at(LEAD, channel);
    const given = await screen.command('delegate @duty-manager until tomorrow for test.*');
    await given.getByText(`${nameOf(DUTY)} decides for you`).waitFor();
    const help = await screen.command('');
    await help.getByText('what you can do here').waitFor();
    const shown = await screen.command(`show ${id.slice(0, 12)}`);
    await shown.getByText('412.00 USD').first().waitFor();
    const unknown = await screen.command('delegate nobody until tomorrow');
    await unknown.getByText(/a name alone is nobody/).waitFor();
    const command = await (await standIn(DUTY, channel)).command('pending');
    await command.getByText('412.00 USD').first().waitFor();
    await screen
      .message(ts)
      .getByRole('button', { name: /^Approve/ })
      .first()
      .click();
    const action = await actionOf(id);
    expect(action.approval.stages[0].decisions).toMatchObject([{ by: DUTY, decision: 'approve', via: 'slack' }]);
    await screen
      .message(ts)
      .getByText(`for ${nameOf(LEAD)}`)
      .waitFor();
    const mine = await stack.call('GET', '/v1/delegations', undefined, { token: await stack.person(LEAD) });
    for (const one of mine.body.delegations as { id: string }[]) {
      await stack.call('DELETE', `/v1/delegations/${one.id}`, undefined, { token: await stack.person(LEAD) });
    }
  });

  it('a surface is frozen by a slash command and lifted in the Home tab', async () => {
    const { channel } = await ask(413, actor());
    await screen.at(IC, channel);
    const said = await screen.command('freeze surface test.other because a wrong file is going round');
    await said.getByText(/Frozen: surface test.other/).waitFor();
    const refused = await stack.ask({ ...REFUND, surface: 'test.other', ...actor() });
    expect([refused.status, refused.body.detail]).toEqual([
      403,
      expect.stringContaining('a wrong file is going round'),
    ]);
    await screen.home(IC);
    const home = screen.page.locator('#home');
    await home.getByText('a wrong file is going round').waitFor();
    expect(await axe(screen.page)).toEqual([]);
    expect(await screen.fits()).toBe(true);
    await home.getByRole('button', { name: /^Lift/ }).click();
    const form = screen.form('Lift the freeze');
    await form.getByLabel('Why may it go on?').fill('the file is gone');
    await screen.send(form, 'Lift');
    await home.getByText('a wrong file is going round').waitFor({ state: 'detached' });
    expect((await stack.ask({ ...REFUND, surface: 'test.other', ...actor() })).status).toBe(202);
  });

  it('the Home tab is the inbox: it opens what waits, and it is decided there', async () => {
    const { id } = await ask(418.25, actor());
    await screen.home(CFO);
    const home = screen.page.locator('#home');
    expect(await axe(screen.page)).toEqual([]);
    expect(await screen.fits()).toBe(true);
    await home.getByRole('button', { name: /Open .*418\.25/ }).click();
    const form = screen.page.getByRole('dialog').first();
    await form.getByLabel('Refuse').check();
    await form.getByLabel('Reason').fill('not before Monday');
    expect(await axe(screen.page)).toEqual([]);
    await form.locator('button[type=submit], .primary').last().click();
    const action = await actionOf(id);
    expect(action).toMatchObject({
      status: 'refused',
      approval: { stages: [{ decisions: [{ by: CFO, via: 'slack' }] }] },
    });
    await screen.home(CFO);
    await home.getByText('418.25').first().waitFor();
    await home
      .getByText(/refused/i)
      .first()
      .waitFor();
  });

  it('an emergency is reviewed by somebody else, in its message', async () => {
    const context = { urgency: 'emergency', reason: 'the shop is down' };
    const { id, channel, ts } = await ask(999, { actor: { id: IC, type: 'user' }, context }, IC);
    expect((await actionOf(id, 0)).verdict.basis).toBe('break_glass');
    await screen.at(RISK, channel);
    const message = screen.message(ts);
    await message.getByRole('heading', { name: /Break-glass/ }).waitFor();
    await message.getByText('the shop is down').first().waitFor();
    expect(await axe(screen.page)).toEqual([]);
    expect(await screen.fits()).toBe(true);
    await message.getByRole('button', { name: /right/ }).click();
    const form = screen.form('It was right');
    await form.getByLabel('Reason').fill('nothing else would have helped');
    await screen.send(form, 'It was right');
    await message.getByText('nothing else would have helped').first().waitFor();
    expect(await message.getByRole('button', { name: /right|wrong/ }).count()).toBe(0);
    const { reviews } = (await stack.call('GET', '/v1/reviews?status=done')).body;
    expect(reviews.find(({ action }: { action: string }) => action === id)).toMatchObject({
      result: { by: RISK, right: true },
    });
  });
});
