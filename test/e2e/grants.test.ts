/** Standing approvals: a yes to the like, inside bounds, counted race-free, and ended at once. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersign } from '../cli/harness.ts';
import { axe, launchBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { decide, policiesFolder } from '../support/policies.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { windowOf } from '../support/signed-in.ts';
import { CFO, LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';

const policy = (
  surface: string,
  more: string,
  approval = "{ stages: [{ name: finance, approvers: ['group:finance'] }] }",
) =>
  `policy: ${surface}
surfaces: [${surface}]
refusalStands: 0
notify: ['#finance-approvals']
rules:
  - { id: small, when: params.amount <= 10, then: approve }
  - { id: medium, when: 'true', then: supervise, approval: ${approval} }
disclose: [params.amount, params.currency, resource.id]
grants: { upTo: 2000, uses: 20, within: 12h }
${more}
`;
const AUDITOR = 'user:auditor@acme.test';
const QUORUM = "{ stages: [{ name: finance, approvers: ['group:finance'], quorum: 2 }] }";

let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
beforeAll(async () => {
  folder = policiesFolder({
    'test.like.yaml': policy('test.like', 'effect: { kind: compensable }'),
    'test.other.yaml': policy('test.other', 'effect: { kind: compensable }'),
    'test.final.yaml': policy('test.final', 'effect: { kind: irreversible }'),
    'test.quorum.yaml': policy('test.quorum', 'effect: { kind: compensable }', QUORUM),
  });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

/** How many come, eight at once: they only make the test longer. */
const MANY = Number(process.env['COUNTERSIGN_USES'] ?? 40);

let order = 0;
const requestOf = (surface: string, amount: number, actor = 'agent:support-bot') => {
  order += 1;
  const resource = { type: 'order', id: `ord_g${String(order)}` };
  const who = { ...REFUND.actor, id: actor };
  return { ...REFUND, surface, actor: who, resource, params: { amount, currency: 'USD' } };
};
/** What would be said, which takes nothing of any grant. */
const whatIf = async (...asked: Parameters<typeof requestOf>) =>
  (await it_.call('POST', '/v1/evaluate', requestOf(...asked))).body.verdict;
const ask = async (...asked: Parameters<typeof requestOf>) => {
  const body = requestOf(...asked);
  const key = `grants-${String(order)}`;
  // A busy machine may be too late with a verdict: the same key then asks for the same action.
  return eventually('it is judged', async () => {
    const answer = await it_.ask(body, { key });
    return answer.status === 503 ? undefined : answer.body;
  });
};
const until = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
const grant = async (surface: string, bounds: object = {}, person = LEAD, actor = 'agent:support-bot') => {
  const { id } = await ask(surface, 150, actor);
  const token = await it_.person(person);
  const body = { decision: 'approve', grant: { until: until(1), ...bounds } };
  return { id, ...(await it_.call('POST', `/v1/actions/${id}/decisions`, body, { token })) };
};

describe('a standing approval', () => {
  it('covers exactly 20 of those that come at once, and the others ask people', async () => {
    const given = await grant('test.like', { uses: 20 });
    expect(given.body.grant).toMatch(/^grt_[0-9a-f]{32}$/);
    const answers: { id: string; status: string; verdict: { basis: string } }[] = [];
    for (let at = 0; at < MANY; at += 8) {
      answers.push(...(await Promise.all(Array.from({ length: 8 }, () => ask('test.like', 20)))));
    }
    const released = answers.filter(({ status }) => status === 'released');
    expect(released).toHaveLength(20);
    expect(released.every(({ verdict }) => verdict.basis === 'grant')).toBe(true);
    expect(answers.filter(({ status }) => status === 'supervised')).toHaveLength(MANY - 20);

    const { record } = (await it_.call('GET', `/v1/records?action=${given.id}&type=decision`)).body.records[0];
    const [use] = (await it_.call('GET', `/v1/records?action=${released[0]?.id}&type=release`)).body.records;
    expect(use.record.basis).toBe('grant');
    const [verdict] = (await it_.call('GET', `/v1/records?action=${released[0]?.id}&type=verdict`)).body.records;
    expect(verdict.record.facts.grants[0]).toMatchObject({
      grant: given.body.grant,
      by: LEAD,
      action: given.id,
      uses: 20,
    });
    const { grants } = (await it_.call('GET', '/v1/grants', undefined, { token: await it_.person(CFO) })).body;
    expect(grants).toMatchObject([{ id: given.body.grant, used: 20, sum: '400', upTo: '2000', currency: 'usd' }]);
    const sealed = (await it_.call('GET', `/v1/records/${grants[0].record}`)).body.record;
    expect(sealed).toMatchObject({
      type: 'grant',
      by: LEAD,
      body: { state: 'given', policy: 'test.like', rule: 'medium' },
    });
    expect(sealed.body.attested).toBeDefined();
    expect(record.by).toBe(LEAD);
    await it_.sandbox.control.waitFor(() => {
      const lines = it_.sandbox.control.messages('finance-approvals').filter(({ threadTs }) => threadTs !== undefined);
      return JSON.stringify(lines).includes('under this standing approval');
    }, 30_000);
  });

  it('is for the like alone, up to its sum, and not for another actor, surface or currency', async () => {
    const given = await grant('test.other', { upTo: '150' });
    expect(given.status).toBe(200);
    for (let times = 0; times < 3; times += 1) {
      expect(await whatIf('test.other', 90)).toMatchObject({ decision: 'approve', basis: 'grant', rule: 'medium' });
    }
    expect(await whatIf('test.other', 151)).toMatchObject({ decision: 'supervise', basis: 'rule' });
    expect((await ask('test.other', 90)).verdict.basis).toBe('grant');
    expect(await whatIf('test.other', 90)).toMatchObject({ decision: 'supervise', basis: 'rule' });
    expect((await ask('test.other', 90)).status).toBe('supervised');
    expect((await ask('test.other', 60)).verdict.basis).toBe('grant');
    expect((await ask('test.other', 11, 'agent:other-bot')).status).not.toBe('released');
    expect((await ask('test.other', 5)).verdict.basis).toBe('rule');
  });

  it('is ended at once by any approver, and releases nothing afterwards', async () => {
    const given = await grant('test.other');
    expect((await ask('test.other', 50)).verdict.basis).toBe('grant');
    const env = { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: await it_.person(CFO) };
    expect((await countersign(['grants'], { env })).out).toContain(given.body.grant);
    const other = { token: await it_.person('user:sales-manager@acme.test') };
    expect((await it_.call('POST', `/v1/grants/${given.body.grant}/revoke`, {}, other)).status).toBe(404);
    const ended = await countersign(['grants', '--revoke', given.body.grant, '--reason', 'enough'], { env });
    expect(ended.code).toBe(0);
    const { grants } = (await it_.call('GET', '/v1/grants')).body;
    expect(grants.map(({ id }: { id: string }) => id)).not.toContain(given.body.grant);
    for (const one of grants) await it_.call('POST', `/v1/grants/${one.id}/revoke`, {});
    expect((await ask('test.other', 50)).status).toBe('supervised');
  });

  it('ends by itself at its time', async () => {
    const actor = 'agent:brief-bot';
    const given = await grant('test.other', { until: new Date(Date.now() + 3000).toISOString() }, LEAD, actor);
    expect(given.status).toBe(200);
    await eventually('it runs out', async () =>
      (await whatIf('test.other', 50, actor)).basis === 'rule' ? true : undefined,
    );
    expect(await ask('test.other', 50, actor)).toMatchObject({ status: 'supervised', verdict: { basis: 'rule' } });
  });

  it('is given only inside what policy allows, by whom policy asks', async () => {
    const codes = async (surface: string, bounds: object, person = LEAD) => {
      const { status, body } = await grant(surface, bounds, person);
      return [status, body.code];
    };
    expect(await codes('test.like', { until: until(13) })).toEqual([422, 'change-not-allowed']);
    expect(await codes('test.like', { uses: 21 })).toEqual([422, 'change-not-allowed']);
    expect(await codes('test.like', { upTo: '2000.01' })).toEqual([422, 'change-not-allowed']);
    expect(await codes('test.final', {})).toEqual([422, 'change-not-allowed']);
    expect(await codes('test.quorum', {})).toEqual([422, 'change-not-allowed']);
    expect(await codes('payments.refund', {})).toEqual([422, 'change-not-allowed']);
    const { id } = await ask('test.like', 100);
    const refuse = { decision: 'refuse', reason: 'no', grant: { until: until(1) } };
    const answer = await it_.call('POST', `/v1/actions/${id}/decisions`, refuse, { token: await it_.person(LEAD) });
    expect(answer.status).toBe(400);
    await decide(it_, id, { decision: 'approve' }, LEAD);
  });
});

describe('in Slack', () => {
  const slackIdOf = (person: string): string =>
    it_.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';

  it('is given from the message, told in its thread, and ended from there by another approver at once', async () => {
    const { control } = it_.sandbox;
    const driver = sandboxDriver(it_.sandbox);
    const actor = 'agent:sales-assistant';
    const { id } = await ask('test.like', 150, actor);
    const message = await driver.messageOf(id);
    await driver.click(slackIdOf(LEAD), message, 'grant_form');
    const user = slackIdOf(LEAD);
    const form = await control.waitFor(() => control.modal(user), 30_000);
    const inputs = form.blocks.flatMap(({ block_id: block, element }) => (element === undefined ? [] : [block]));
    expect(inputs).toEqual(['until', 'uses', 'up_to', 'reason']);
    // More than policy allows is refused in the form, and nothing is decided.
    expect(await driver.submit(user, { uses: '21' })).toBe('errors');
    expect(await driver.submit(user, { uses: '2', up_to: '100' })).toBe('taken');

    const line = (words: string) =>
      control.waitFor(
        () => control.thread(message.channel, message.ts).find(({ text }) => text.includes(words)),
        30_000,
      );
    const given = await line('A standing approval was given');
    expect(given.text).toContain('2 uses, up to 100.00 USD in all');
    expect(await ask('test.like', 20, actor)).toMatchObject({ status: 'released', verdict: { basis: 'grant' } });
    expect((await line('released under this standing approval')).text).toContain('1 of 2');

    // Whoever is no approver ends nothing.
    await control.click({
      user: slackIdOf('user:requester@acme.test'),
      channel: given.channel,
      ts: given.ts,
      actionId: 'revoke_grant',
    });
    const { grants } = (await it_.call('GET', '/v1/grants')).body;
    expect(grants.filter((one: { actor: string }) => one.actor === actor)).toMatchObject([{ used: 1 }]);
    await control.click({ user: slackIdOf(CFO), channel: given.channel, ts: given.ts, actionId: 'revoke_grant' });
    await line('was ended');
    expect(await ask('test.like', 20, actor)).toMatchObject({ status: 'supervised' });
  });
});

describe('in the console, and on the Home tab', () => {
  const actor = 'agent:console-bot';
  const complaints: string[] = [];
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    expect(complaints).toEqual([]);
  });

  it('is given in the form of the console, prefilled with what policy allows, and ended on its page', async () => {
    const { id } = await ask('test.like', 150, actor);
    page = await windowOf(browser, it_, LEAD, { complaints });
    await page.goto(`${it_.url}/console/actions/${id}`);
    await page.getByRole('button', { name: 'Approve, and the like…' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('How many').inputValue()).toBe('20');
    expect(await axe(page)).toEqual([]);
    await dialog.getByLabel('How many').fill('2');
    await dialog.getByLabel('How much in all').fill('300');
    await dialog.getByRole('button', { name: 'Approve, and the like' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await ask('test.like', 20, actor)).toMatchObject({ status: 'released', verdict: { basis: 'grant' } });
    await page.goto(`${it_.url}/console/grants`);
    const row = page.getByRole('row').filter({ hasText: actor });
    await row.getByText('1 / 2').waitFor();
    await row.getByText('300.00 USD').waitFor();
    expect(await axe(page)).toEqual([]);
    // Who reads only sees it beside the limits in use.
    const read = await windowOf(browser, it_, AUDITOR, { complaints });
    await read.goto(`${it_.url}/console/policies`);
    const seen = read
      .getByRole('region', { name: 'Standing approvals in use' })
      .getByRole('row')
      .filter({ hasText: actor });
    await seen.getByText('1 of 2').waitFor();
    const [given] = (
      await it_.call('GET', '/v1/grants', undefined, { token: await it_.person(AUDITOR) })
    ).body.grants.filter((one: { actor: string }) => one.actor === actor);
    expect(given).toMatchObject({ by: LEAD, used: 1, uses: 2, upTo: '300', action: id });
    for (const text of ['20.00 USD', '300.00 USD', 'finance-lead']) await seen.getByText(text).waitFor();
    expect(await seen.locator('time').getAttribute('datetime')).toBe(given.until);
    expect(await axe(read)).toEqual([]);
    await read.context().close();
    await row.getByRole('button', { name: 'End it' }).click();
    await row.waitFor({ state: 'detached' });
    expect((await ask('test.like', 20, actor)).status).toBe('supervised');
  });

  it('is ended from the Home tab, by another approver', async () => {
    const given = await grant('test.like', {}, LEAD, 'agent:home-bot');
    expect(given.status).toBe(200);
    const { control } = it_.sandbox;
    const user = it_.stack.parts.directory.current('default').person(CFO)?.slack?.user ?? '';
    await control.openHome(user);
    const home = await control.waitFor(() => {
      const shown = control.home(user);
      return shown !== undefined && JSON.stringify(shown.blocks).includes(given.body.grant) && shown;
    }, 30_000);
    const block = home.blocks.find((one) => JSON.stringify(one).includes(given.body.grant));
    await control.clickInView({
      ...{ user, viewId: home.id, actionId: 'revoke_grant', blockId: String(block?.['block_id']) },
    });
    await control.waitFor(() => {
      const shown = control.home(user);
      return shown !== undefined && !JSON.stringify(shown.blocks).includes(given.body.grant);
    }, 30_000);
    expect((await ask('test.like', 20, 'agent:home-bot')).status).toBe('supervised');
  });
});

it('a link to an action shows how it stands, to whoever may see it, and no amount', async () => {
  const { control } = it_.sandbox;
  const { id } = await ask('test.like', 150, 'agent:link-bot');
  const { channel } = await sandboxDriver(it_.sandbox).messageOf(id);
  const share = async (person: string) => {
    const user = it_.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
    const { message } = await control.write({ user, channel, text: `look: ${it_.url}/console#${id}` });
    return message;
  };
  const shared = await share(LEAD);
  const [unfurl] = await control.waitFor(() => shared.unfurls, 30_000);
  const said = JSON.stringify(unfurl?.blocks);
  expect(said).toContain('Decide');
  expect(said).not.toContain('USD');
});

it('whose giver is asked no more releases nothing, and reports keep its uses apart', async () => {
  const actor = 'agent:leaving-bot';
  expect((await grant('test.like', {}, CFO, actor)).status).toBe(200);
  expect((await ask('test.like', 30, actor)).verdict.basis).toBe('grant');
  const { body } = await it_.call('GET', '/v1/reports/overrides?from=2020-01-01T00:00:00Z');
  expect((body.items as { basis: string }[]).every(({ basis }) => basis === 'override')).toBe(true);

  const file = join(folder.path, 'directory.yaml');
  const before = readFileSync(file, 'utf8');
  const name = it_.stack.parts.directory.current('default').person(CFO)?.name ?? '';
  writeFileSync(file, before.replace(`name: ${name}`, `name: ${name}\n    active: false`));
  expect(readFileSync(file, 'utf8')).not.toBe(before);
  await eventually('the directory is read anew', async () =>
    (await whatIf('test.like', 30, actor)).basis === 'rule' ? true : undefined,
  );
  expect(await ask('test.like', 30, actor)).toMatchObject({ status: 'supervised', verdict: { basis: 'rule' } });
});
