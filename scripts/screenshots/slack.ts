/**
 * What approvers see in Slack: every message is made by a real action, decided by clicks in Chromium on the Slack sandbox, and photographed in
 * each of its states on a phone and at a desk.
 */
import type { Browser } from 'playwright-core';
import type { SandboxMessage } from '../../sandbox/slack/index.ts';
import { policiesFolder } from '../../test/support/policies.ts';
import { startTestStack, type TestStack } from '../../test/support/stack.ts';
import { QUICK, SCENES, WIRES, person, type Act, type Scene } from './scenes.ts';
import { openScreen, type Screen } from './screens.ts';

const WAIT_MS = 30_000;

type Shown = Map<string, SandboxMessage>;

const slackId = (stack: TestStack, name: string): string =>
  stack.stack.parts.directory.current('default').person(name)?.slack?.user ?? '';

/** Plays one scene on a phone. @returns its message, in the state that was wanted. */
async function play(stack: TestStack, phone: Screen, scene: Scene): Promise<SandboxMessage> {
  const { control } = stack.sandbox;
  const options = { key: scene.state, ...(scene.as === undefined ? {} : { token: await stack.person(scene.as) }) };
  let asked = await stack.ask(scene.request, options);
  // On a busy machine the first answer may be that it is not judged yet: the same key asks for the same action.
  for (let again = 0; asked.status === 503 && again < 10; again++) asked = await stack.ask(scene.request, options);
  const id = asked.body.id as string | undefined;
  if (id === undefined) throw new Error(`${scene.state}: the request was answered ${JSON.stringify(asked.body)}`);
  const find = (): SandboxMessage | undefined =>
    control
      .messages(scene.channel)
      .find((one) => one.threadTs === undefined && JSON.stringify(one.blocks).includes(id));
  const posted = await control.waitFor(find, WAIT_MS);
  if (scene.act !== undefined) {
    const before = posted.revisions.length;
    await phone.at(slackId(stack, scene.act.by), posted.channel);
    await act(phone, posted.ts, scene.act);
    await control.waitFor(() => (find()?.revisions.length ?? 0) > before, WAIT_MS);
  }
  if (scene.executed === true) await execute(stack, id);
  return control.waitFor(() => {
    const now = find();
    return now !== undefined && scene.headline.test(JSON.stringify(now.blocks[0])) && now;
  }, WAIT_MS);
}

/** What the executor of an approved action does. */
async function execute(stack: TestStack, id: string): Promise<void> {
  const { permit } = (await stack.call('GET', `/v1/actions/${id}?wait=20`)).body;
  await stack.call('POST', '/v1/permits/redeem', { permit });
  await stack.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed', reference: 'rf_20261' });
}

async function act(phone: Screen, ts: string, { button, form }: Act): Promise<void> {
  await phone.message(ts).getByRole('button', { name: button }).click();
  if (form === undefined) return;
  const modal = phone.page.getByRole('dialog');
  for (const [label, value] of Object.entries(form.fields)) await modal.getByLabel(label).first().fill(value);
  if (form.picture !== undefined) await phone.form(form.picture);
  await modal.getByRole('button', { name: form.submit, exact: true }).click();
  await modal.waitFor({ state: 'hidden' });
}

/** Each message in its state, as somebody sees it who only looks on. */
async function states(stack: TestStack, browser: Browser, shown: Shown): Promise<void> {
  for (const size of ['phone', 'desktop'] as const) {
    const screen = await openScreen(browser, stack.url, size);
    for (const [state, { channel, ts }] of shown) {
      await screen.at(slackId(stack, person('auditor')), channel);
      await screen.message(ts).getByRole('heading').first().waitFor();
      await screen.picture(state, screen.message(ts));
    }
    await screen.close();
  }
}

/** A plan of three wires: its message before anybody decided and once the first is done, and its form. */
async function plan(stack: TestStack, browser: Browser): Promise<void> {
  const { control } = stack.sandbox;
  const body = { title: 'November suppliers', steps: WIRES };
  const { id, steps } = (await stack.call('POST', '/v1/plans', body, { headers: { 'idempotency-key': 'suppliers' } }))
    .body;
  const find = (words: RegExp): SandboxMessage | undefined =>
    control
      .messages('finance-approvals')
      .find(({ blocks }) => JSON.stringify(blocks).includes(id) || words.test(JSON.stringify(blocks[0])));
  const posted = await control.waitFor(() => find(/November suppliers/), WAIT_MS);
  const [phone, desk] = [
    await openScreen(browser, stack.url, 'phone'),
    await openScreen(browser, stack.url, 'desktop'),
  ];
  const keep = async (name: string): Promise<void> => {
    for (const screen of [phone, desk]) {
      await screen.at(slackId(stack, person('finance-lead')), posted.channel);
      await screen.message(posted.ts).getByRole('heading').first().waitFor();
      await screen.picture(name, screen.message(posted.ts));
    }
  };
  await keep('plan');
  await phone.at(slackId(stack, person('finance-lead')), posted.channel);
  await phone
    .message(posted.ts)
    .getByRole('button', { name: /Decide/ })
    .click();
  const modal = phone.page.getByRole('dialog');
  await modal.getByLabel(/Approve the ticked ones, say nothing/).check();
  await phone.form('plan-form');
  await modal.getByRole('button', { name: 'Decide', exact: true }).click();
  await modal.waitFor({ state: 'hidden' });
  await execute(stack, steps[0].id);
  await control.waitFor(() => /1 of 3 done/.test(JSON.stringify(find(/November suppliers/)?.blocks[0])), WAIT_MS);
  await keep('plan-running');
  await phone.close();
  await desk.close();
}

/** What surrounds the message: its thread, the Home tab, `/countersign pending`, several at once, and the window at a desk. */
async function around(stack: TestStack, phone: Screen, desk: Screen, shown: Shown): Promise<void> {
  const { control } = stack.sandbox;
  const lead = slackId(stack, person('finance-lead'));
  const [waiting, changed, returned] = ['waiting', 'changed', 'returned'].map((state) => shown.get(state));
  if (waiting === undefined || changed === undefined || returned === undefined) throw new Error('a scene is missing');

  await desk.at(lead, waiting.channel, `&ts=${waiting.ts}`);
  await desk.message(waiting.ts).getByRole('heading').first().waitFor();
  await desk.picture('window');

  await phone.at(lead, changed.channel, `&thread=${changed.ts}`);
  await phone.page.locator('#thread').getByText('Approved, not collected yet').first().waitFor();
  await phone.picture('thread', phone.page.locator('#thread-messages'));

  const granted = shown.get('granted');
  if (granted === undefined) throw new Error('a scene is missing');
  await phone.at(lead, granted.channel, `&thread=${granted.ts}`);
  await phone.page.locator('#thread').getByText('A standing approval was given').first().waitFor();
  await phone.picture('grant-thread', phone.page.locator('#thread-messages'));

  await phone.at(lead, returned.channel);
  await phone.message(returned.ts).getByRole('button', { name: /alike/ }).click();
  await phone.page.getByRole('dialog').getByLabel('Reason for all of them').waitFor();
  await phone.form('alike-form');
  await phone.page.getByRole('button', { name: 'Close' }).click();

  await phone.page.getByLabel('Message or slash command').fill('/countersign pending');
  await phone.page.getByLabel('Message or slash command').press('Enter');
  const answer = phone.page.locator('#messages .ephemeral').last();
  await answer.getByRole('heading', { name: /waiting for you/ }).waitFor();
  await phone.picture('pending', answer);

  await phone.at(lead, control.im(lead).id, '&tab=home');
  await phone.page.locator('#tab-home').click();
  await phone.page.locator('#home').getByRole('heading', { name: 'You decided' }).waitFor();
  await phone.picture('home', phone.page.locator('#home'));
}

/** A stack whose deadlines a picture can wait for. */
async function withStack(take: (stack: TestStack) => Promise<void>): Promise<void> {
  const policies = policiesFolder(QUICK);
  const stack = await startTestStack({ COUNTERSIGN_POLICIES: policies.path });
  try {
    await take(stack);
  } finally {
    await stack.stop();
    policies.remove();
  }
}

export const slackPictures = (browser: Browser): Promise<void> =>
  withStack(async (stack) => {
    const phone = await openScreen(browser, stack.url, 'phone');
    const shown: Shown = new Map();
    for (const scene of SCENES) {
      console.log(`  ${scene.state}`);
      shown.set(scene.state, await play(stack, phone, scene));
    }
    await states(stack, browser, shown);
    await around(stack, phone, await openScreen(browser, stack.url, 'desktop'), shown);
  });

export const planPictures = (browser: Browser): Promise<void> => withStack((stack) => plan(stack, browser));
