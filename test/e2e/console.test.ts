/** The console in a real browser, as the people see it whom it is for. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axe, launchBrowser } from '../support/browser.ts';
import { setup as buildAll } from '../support/built.ts';
import { originOf } from '../support/passkeys.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { windowOf } from '../support/signed-in.ts';
import { CFO, LEAD, refund } from '../support/stack.ts';

const COUNSEL = 'user:counsel@acme.test';
const AUDITOR = 'user:auditor@acme.test';
const DESK = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 360, height: 740 } };

const PAGES = [
  ...['Standing approvals', 'Overview', 'Decisions', 'Findings', 'Reports', 'Samples', 'Statements', 'People'],
  ...['Policies', 'Evidence', 'Settings'],
];

let stack: SharedStack;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  [stack, browser] = await Promise.all([sharedStack(), launchBrowser(), buildAll()]);
});
afterAll(async () => {
  await browser.close();
});
afterEach(async () => {
  await page.context().close();
  // No breach of the page's policy, no error: each would be a complaint.
  expect(complaints.splice(0)).toEqual([]);
});

async function open(person: string, path: string, size: typeof DESK): Promise<void> {
  page = await windowOf(browser, stack, person, { ...size, complaints });
  await page.goto(stack.url + path);
}

async function looksRight(): Promise<void> {
  expect(await axe(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
}

describe('the policy of the page', () => {
  it('allows nothing but its own files, which never change, and is the same wherever the address leads', async () => {
    const [index, below] = await Promise.all(
      ['/console', '/console/actions/act_1'].map((path) => fetch(stack.url + path)),
    );
    for (const answer of [index, below]) {
      expect(answer?.status).toBe(200);
      expect(answer?.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
      expect(answer?.headers.get('content-security-policy')).toContain("require-trusted-types-for 'script'");
      expect(answer?.headers.get('content-security-policy')).not.toContain('unsafe');
      expect(answer?.headers.get('cache-control')).toBe('no-store');
    }
    const script = /src="(\/console\/assets\/[^"]+)"/.exec((await index?.text()) ?? '')?.[1] ?? '';
    const asset = await fetch(stack.url + script, { headers: { 'accept-encoding': 'br' } });
    expect(asset.headers.get('content-encoding')).toBe('br');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    for (const path of ['/console/assets/none.js', '/console/assets/..%2findex.html'])
      expect((await fetch(stack.url + path)).status, path).not.toBe(500);
    page = await browser.newPage();
  });
});

describe('an auditor', () => {
  it('asks a question of the decisions, as a sentence that is also the address', async () => {
    const asked = await stack.ask(
      refund(47.5, { resource: { type: 'order', id: 'console <script>alert(1)</script>' } }),
    );
    await open(AUDITOR, '/console/decisions', DESK);
    await page.getByLabel('Search').fill('console <script>');
    await page.getByRole('link', { name: 'refund.create' }).first().waitFor();
    await page.getByText('1 found').waitFor();
    expect(await page.getByText('console <script>alert(1)</script>').count()).toBeGreaterThan(0);
    expect(await page.locator('main script').count()).toBe(0);
    await page.getByRole('cell', { name: '47.50 USD' }).first().waitFor();
    const wrap = "document.querySelector('.table-wrap')";
    expect(await page.evaluate(`${wrap}.scrollWidth <= ${wrap}.clientWidth`)).toBe(true);
    await page.getByRole('button', { name: /^rule/ }).click();
    await page.getByRole('button', { name: 'Remove: released or refused by a rule' }).waitFor();
    expect(new URL(page.url()).searchParams.get('basis')).toBe('rule');
    await looksRight();
    await page.getByRole('button', { name: 'Clear all' }).click();
    await page.getByText('All actions, newest first.').waitFor();
    expect(asked.status).toBe(200);
  });

  it('looks for a person among those who took part, by keyboard or by hand', async () => {
    await stack.ask(refund(12.25, { actor: { id: 'agent:searched-for', type: 'agent' } }));
    await open(AUDITOR, '/console/decisions', DESK);
    await page.getByText('More filters').click();
    const box = (value: string) => page.getByRole('combobox', { name: `Asked by: ${value}` });
    const search = page.getByRole('combobox', { name: 'Search for a person' });
    const asked = (actor: string) => page.getByRole('button', { name: `Remove: asked by ${actor}` }).waitFor();
    await box('anybody').focus();
    await page.keyboard.press('Enter');
    await search.fill('SEARCHED');
    await page.getByRole('option', { name: 'agent:searched-for' }).waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await asked('agent:searched-for');
    expect(new URL(page.url()).searchParams.get('actor')).toBe('agent:searched-for');
    await page.getByText('1 found').waitFor();
    // Whoever is not among them can be typed.
    await box('agent:searched-for').click();
    await search.fill('agent:never-seen');
    await page.getByRole('option', { name: 'agent:never-seen' }).click();
    await asked('agent:never-seen');
    await page.setViewportSize(PHONE.viewport);
    await box('agent:never-seen').click();
    await page.getByRole('option', { name: 'agent:searched-for' }).waitFor();
    await looksRight();
    await page.getByRole('option', { name: 'anybody' }).click();
    await page.getByText('All actions, newest first.').waitFor();
  });

  it('finds every page sound, to whoever sees, listens or holds a phone', async () => {
    await open(AUDITOR, '/console', DESK);
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    for (const name of PAGES) {
      await page.setViewportSize(DESK.viewport);
      await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      await page.waitForLoadState('networkidle');
      expect([name, await axe(page)]).toEqual([name, []]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect([name, 'dark', await axe(page)]).toEqual([name, 'dark', []]);
      await page.emulateMedia({ colorScheme: null });
      await page.setViewportSize(PHONE.viewport);
      expect([name, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([name, true]);
      await page.setViewportSize(DESK.viewport);
      // Text twice as large; on paper, without what is pressed; in the colours that the reader chose.
      await page.evaluate("document.documentElement.style.fontSize = '200%'");
      expect([name, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([name, true]);
      await page.evaluate("document.documentElement.style.fontSize = ''");
      await page.emulateMedia({ media: 'print' });
      expect([name, await page.locator('nav:visible, button:visible').count()]).toEqual([name, 0]);
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      await page.emulateMedia({ media: null, forcedColors: 'active' });
      const outlined = "getComputedStyle(document.querySelector('.nav a[aria-current=page]')).outlineStyle";
      expect([name, await page.evaluate(outlined)]).toEqual([name, 'solid']);
      await page.emulateMedia({ forcedColors: null });
    }
    const { body } = await stack.call('GET', '/v1/row-differences', undefined, { token: await stack.person(AUDITOR) });
    const rows = body.differences as { table: string }[];
    expect(rows.filter(({ table }) => table === 'api_key')).toEqual([]);
  });

  it('is told on every page that the log does not verify, and of what is wrong', async () => {
    page = await windowOf(browser, stack, AUDITOR, { ...DESK, complaints });
    const faults = [{ code: 'entry-altered', message: 'entry 3 is not what was sealed there', index: 3 }];
    const state = { verifies: false, checked: null, reading: null, faults };
    await page.route('**/v1/log', (route) => route.fulfill({ json: state }));
    await page.goto(`${stack.url}/console`);
    for (const name of PAGES) {
      await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      const alarm = page.getByRole('alert').filter({ hasText: 'THE LOG DOES NOT VERIFY' });
      await alarm.getByText('entry 3 is not what was sealed there').waitFor();
    }
    await looksRight();
  });

  it('goes from the link in hand to overrides by approver with money, their rows, and five proofs that nobody chose', async () => {
    const token = await stack.person(LEAD);
    const overridden = async (amount: number): Promise<void> => {
      const { body } = await stack.ask(refund(amount));
      const yes = { decision: 'approve', reason: 'counted with the customer' };
      expect((await stack.call('POST', `/v1/actions/${body.id}/decisions`, yes, { token })).status).toBe(200);
      expect((await stack.call('GET', `/v1/actions/${body.id}?wait=20`)).body.status).toBe('released');
    };
    await Promise.all([201, 202, 203, 204, 205].map(overridden));
    // Where the link leads, and then only what is read on the screen.
    page = await windowOf(browser, stack, AUDITOR, { ...DESK, complaints });
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Reports', exact: true }).click();
    await page.getByRole('button', { name: 'this quarter' }).click();
    const row = page.getByRole('region', { name: 'By approver' }).getByRole('row').filter({ hasText: 'finance-lead' });
    await row
      .getByText(/[\d,]+\.\d\d USD/)
      .first()
      .waitFor();
    await row.getByRole('link', { name: 'finance-lead@acme.test' }).click();
    await page.getByRole('button', { name: 'Remove: overrides: released by a person' }).waitFor();
    expect(new URL(page.url()).searchParams.get('approver')).toBe(LEAD);
    await page.goBack();
    await page.getByRole('link', { name: 'Draw a sample and prove it' }).click();
    expect(await page.getByLabel('Basis').inputValue()).toBe('override');
    await page.getByLabel('How many').fill('5');
    await page.getByLabel('Your word').fill('heliotrope');
    await page.getByRole('button', { name: 'Draw the sample' }).click();
    await page.getByRole('button', { name: 'Prove these 5' }).click();
    await page.getByText('5 of 5 hold.').waitFor();
    await looksRight();
  });

  it('saves a question under a name, and a colleague opens it by its link', async () => {
    await open(AUDITOR, '/console/decisions?surface=payments.refund&status=released&sort=-amount', DESK);
    await page.locator('summary', { hasText: 'Columns' }).click();
    await page.getByRole('checkbox', { name: 'Log entry' }).check();
    await page.locator('summary', { hasText: 'Saved views' }).click();
    await page.getByLabel('Name of this view').fill('Great refunds');
    await page.getByRole('button', { name: 'Save this view' }).click();
    const saved = page.getByRole('listitem').filter({ hasText: 'Great refunds' });
    const link = await saved.getByRole('link', { name: 'Great refunds' }).getAttribute('href');
    expect(await axe(page)).toEqual([]);
    const colleague = await windowOf(browser, stack, COUNSEL, { ...PHONE, complaints });
    await colleague.goto(link ?? '');
    await colleague.getByRole('button', { name: 'Remove: of payments.refund' }).waitFor();
    const asked = new URL(colleague.url()).searchParams;
    expect(['surface', 'status', 'sort', 'view'].map((name) => asked.get(name))).toEqual([
      ...['payments.refund', 'released', '-amount'],
      null,
    ]);
    expect(await colleague.evaluate('JSON.parse(localStorage["countersign.columns"]).index')).toBe(true);
    await colleague.context().close();
    await saved.getByRole('button', { name: 'Remove Great refunds' }).click();
    await saved.waitFor({ state: 'detached' });
    await page.goto(link ?? '');
    await page.getByRole('alert').waitFor();
    expect(complaints.splice(0).filter((text) => !text.includes('404'))).toEqual([]);
  });

  it(
    'verifies the fifty on the page, and is told of new ones rather than have rows jump',
    { timeout: 180_000 },
    async () => {
      const actor = { id: 'agent:fifty', type: 'agent' };
      for (let asked = 0; asked < 50; asked += 10) {
        const ten = await Promise.all(Array.from({ length: 10 }, () => stack.ask(refund(1.5, { actor }))));
        expect(ten.map(({ status }) => status)).toEqual(ten.map(() => 200));
      }
      await open(AUDITOR, '/console/decisions?actor=agent:fifty', DESK);
      await page.getByText('50 found').waitFor();
      expect(await page.getByRole('row').count()).toBe(51);
      await page.getByRole('button', { name: 'Verify these 50' }).click();
      await page.getByText('50 of 50 hold.').waitFor({ timeout: 120_000 });
      expect((await stack.ask(refund(2.5, { actor }))).status).toBe(200);
      const fresh = page.getByRole('button', { name: '1 new action: show it' });
      // As when the reader comes back to the window: the page looks again, and would by itself after some seconds.
      await page.evaluate("dispatchEvent(new Event('visibilitychange'))");
      await fresh.waitFor();
      expect(await page.getByRole('cell', { name: '2.50 USD' }).count()).toBe(0);
      await fresh.click();
      await page.getByRole('cell', { name: '2.50 USD' }).first().waitFor();
      await fresh.waitFor({ state: 'detached' });
    },
  );

  it('compares a statement with what was governed, and takes a file of what is asked', async () => {
    await open(AUDITOR, '/console/statements', DESK);
    await page.getByLabel('Whose statement').fill('console bank');
    const buffer = Buffer.from('reference,amount,currency\nre_of_nobody_here,5.00,USD\n');
    await page.getByLabel('CSV file').setInputFiles({ name: 'bank.csv', mimeType: 'text/csv', buffer });
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByText('ungoverned: 1').waitFor();
    await looksRight();
    await page.goto(`${stack.url}/console/decisions?surface=payments.refund`);
    await page.getByText('Export', { exact: true }).click();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV', exact: true }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/\.csv$/);
    expect(await file.failure()).toBeNull();
  });

  it('reads the table on a phone', async () => {
    await open(AUDITOR, '/console/decisions?status=nothing', PHONE);
    await page.getByRole('alert').waitFor();
    await page.goto(`${stack.url}/console/decisions?q=nowhere-to-be-found`);
    await page.getByRole('heading', { name: 'No action fits this question' }).waitFor();
    await looksRight();
    // The API refused a status that there is not: that is what the browser complained about.
    expect(complaints.splice(0).filter((text) => !text.includes('400'))).toEqual([]);
  });
});

describe('an action', () => {
  it('is verified in the page, and a row that was altered is shouted out', async () => {
    const asked = await stack.ask(refund(61.25));
    const id = asked.body.id as string;
    await open(AUDITOR, `/console/actions/${id}`, DESK);
    await page.getByText('Policy approved it.').waitFor();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.getByRole('heading', { name: 'Everything holds.' }).waitFor();
    await page.getByText('The row of the table says what the records say').waitFor();
    await looksRight();
    // A row that says another amount than the records do.
    await page.route('**/v1/actions?**', async (route) => {
      const answer = await route.fetch();
      const list = (await answer.json()) as { actions: { amounts: { asked: string | null } }[] };
      for (const row of list.actions) row.amounts.asked = '99999.00';
      await route.fulfill({ response: answer, json: list });
    });
    await page.reload();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.getByRole('heading', { name: 'IT DOES NOT HOLD' }).waitFor();
    await page.getByText('The row says amount asked = "99999.00"; the records say "61.25"').waitFor();
  });
});

describe('an approver', () => {
  it('decides on a phone, with the facts before them, and the record says through which door', async () => {
    const asked = await stack.ask(
      refund(271.5, {
        resource: { type: 'order', id: 'phone <b>bold</b>' },
        content: { note: 'the parcel came back <script>alert(1)</script>' },
      }),
    );
    const id = asked.body.id as string;
    // As a link of Slack or of the command line leads here.
    await open(LEAD, `/console#${id}`, PHONE);
    await page.getByRole('heading', { name: 'Waiting for your decision' }).waitFor();
    await page.getByText('phone <b>bold</b>').first().waitFor();
    await page.getByRole('button', { name: 'Read the whole request' }).click();
    await page.getByText('the parcel came back <script>alert(1)</script>').waitFor();
    expect(await page.title()).toMatch(/^\(\d+\) /);
    await looksRight();
    await page.getByRole('button', { name: /^Approve/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Approve' });
    await dialog.getByText('By approving you take responsibility').waitFor();
    expect(await axe(page)).toEqual([]);
    await dialog.getByLabel('Reason').fill('Both boxes came back.');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Your decision is sealed.').waitFor();
    await page.getByText('finance-lead@acme.test approved, in the console.').waitFor();
    const action = await stack.call('GET', `/v1/actions/${id}?wait=20`);
    expect(action.body).toMatchObject({
      status: 'released',
      approval: { stages: [{ decisions: [{ by: LEAD, via: 'console', reason: 'Both boxes came back.' }] }] },
    });
    const { records } = (await stack.call('GET', `/v1/records?action=${id}&type=decision`)).body;
    expect(records[0].record).toMatchObject({
      via: 'console',
      shown: {
        renderer: expect.stringContaining('whole') as string,
        opening: expect.stringMatching(/^sha256:/) as string,
      },
    });
  });

  it('asks back, gives more time, and approves less, and no key alone decides', async () => {
    const asked = await stack.ask(refund(291.5));
    const id = asked.body.id as string;
    await open(LEAD, `/console/actions/${id}`, DESK);
    const sent: string[] = [];
    page.on('request', (one) => void (one.method() === 'POST' && sent.push(one.url())));
    const dialog = page.getByRole('dialog');
    const say = async (button: string, send: string): Promise<void> => {
      await page.getByRole('button', { name: `${button}…`, exact: true }).click();
      await dialog.getByRole('heading', { name: button }).waitFor();
      await (send === '' ? Promise.resolve() : dialog.getByRole('textbox').last().fill(send));
    };
    await page.getByRole('button', { name: /^Approve…/ }).waitFor();
    await page.locator('main').focus();
    for (const key of ['a', 'y', 'Enter', ' ', 'Control+Enter', 'Shift+A', 'r', 'd']) await page.keyboard.press(key);
    await say('Change and approve', 'only one came back');
    await dialog.getByLabel(/^New /).fill('145.75');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Enter');
    expect(sent).toEqual([]);
    await dialog.getByRole('button', { name: 'Not now' }).click();

    await say('Give it more time', 'the warehouse counts on Monday');
    await dialog.getByRole('button', { name: 'Give it more time' }).click();
    await page.getByText('finance-lead@acme.test gave it more time, in the console.').waitFor();

    await say('Ask a question', 'Which of the two boxes?');
    await dialog.getByRole('button', { name: 'Ask a question' }).click();
    await page.getByText('finance-lead@acme.test asked a question, in the console.').waitFor();
    const text = 'The smaller one.';
    expect((await stack.call('POST', `/v1/actions/${id}/answer`, { text })).status).toBe(200);
    await page.reload();
    await page.getByText(text).first().waitFor();

    await say('Change and approve', 'only one came back');
    await dialog.getByLabel(/^New /).fill('145.75');
    await dialog.getByRole('button', { name: 'Change and approve' }).click();
    await page.getByText('finance-lead@acme.test approved, in the console.').waitFor();
    const action = (await stack.call('GET', `/v1/actions/${id}?wait=20`)).body;
    expect(action.approval.stages[0].decisions.at(-1)).toMatchObject({ by: LEAD, decision: 'approve', via: 'console' });
    const { request } = (await stack.call('POST', '/v1/permits/redeem', { permit: action.permit })).body;
    expect(request.params.amount).toBe(145.75);
    await page
      .getByText(/291\.5.*145\.75/)
      .first()
      .waitFor({ state: 'attached' });
  });

  it('is told that somebody was faster, and nothing is lost', async () => {
    const asked = await stack.ask(refund(283));
    const id = asked.body.id as string;
    await open(LEAD, `/console/actions/${id}`, DESK);
    await page.getByRole('button', { name: /^Refuse/ }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('Not ours.');
    const yes = { decision: 'approve', reason: 'as agreed' };
    await stack.call('POST', `/v1/actions/${id}/decisions`, yes, { token: await stack.person(CFO) });
    await page.getByRole('dialog').getByRole('button', { name: 'Refuse' }).click();
    await page.getByRole('heading', { name: 'Somebody was faster, or it has changed' }).waitFor();
    // The API refused the second word: that is what the browser complained about.
    expect(complaints.splice(0).filter((text) => !text.includes('409') && !text.includes('403'))).toEqual([]);
  });
});

describe('what a requester wrote', () => {
  it('is text in whatever field it stands, to who decides and to who reads', async () => {
    const hostile = (field: string): string => `${field}<img/src=x/onerror=alert(1)><script>alert(2)</script>`;
    const bot = `agent:${hostile('bot')}`;
    const asked = await stack.ask(
      refund(272.5, {
        action: hostile('verb'),
        actor: { id: bot, type: 'agent' },
        resource: { type: hostile('type'), id: hostile('id') },
        params: { amount: 272.5, currency: 'USD', [hostile('name')]: hostile('value') },
        content: { [hostile('heading')]: hostile('note') },
        context: { folder: `/${hostile('folder')}`, environment: hostile('environment'), reason: hostile('why') },
      }),
    );
    expect(asked.body).toMatchObject({ status: 'supervised' });
    const isText = async (fields: readonly string[]): Promise<void> => {
      for (const field of fields) await page.getByText(hostile(field)).first().waitFor();
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    };
    await open(LEAD, `/console/actions/${asked.body.id}`, PHONE);
    await page.getByRole('button', { name: 'Read the whole request' }).click();
    await isText(['verb', 'bot', 'id', 'name', 'value', 'heading', 'note', 'folder', 'environment', 'why']);
    await page.goto(`${stack.url}/console/inbox`);
    await isText(['verb', 'bot', 'id']);
    await page.context().close();
    await open(AUDITOR, `/console/decisions?actor=${encodeURIComponent(bot)}`, DESK);
    await isText(['verb', 'bot', 'id']);
    for (const path of ['overview', 'people', 'findings', 'reports']) {
      await page.goto(`${stack.url}/console/${path}`);
      await page.waitForLoadState('networkidle');
      await isText([]);
    }
    const decision = { decision: 'refuse', reason: 'This is no name.' };
    const token = await stack.person(LEAD);
    expect((await stack.call('POST', `/v1/actions/${asked.body.id}/decisions`, decision, { token })).status).toBe(200);
  });
});

describe('an approver of whom policy wants a passkey', () => {
  it('brings one in, and decides with it', async () => {
    const asked = await stack.ask({
      surface: 'court.filing',
      action: 'filing.submit',
      actor: { id: 'agent:clerk', type: 'agent' },
      params: { document: 'answer-of-the-console', deadline: '2030-01-31T00:00:00Z' },
      context: { matter: 'M-17' },
    });
    const id = asked.body.id as string;
    // Passkeys are made for a name, not for a number.
    page = await windowOf(browser, { stack: stack.stack, url: originOf(stack) }, COUNSEL, { ...DESK, complaints });
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    // Before that, what they were about to do leads to where they bring it in, and nothing is decided.
    await page.goto(`${originOf(stack)}/console/actions/${id}`);
    await page.getByRole('button', { name: /^Approve/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('Read in full.');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await dialog.getByRole('alert').getByText('You have no passkey here yet, so nothing was decided').waitFor();
    expect((await stack.call('GET', `/v1/actions/${id}`)).body.status).toBe('supervised');
    expect(complaints.splice(0).filter((text) => !text.includes('404'))).toEqual([]);
    await dialog.getByRole('link', { name: 'Your passkeys are in Settings.' }).click();
    await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
    await page.getByLabel('What you call it').fill('console laptop');
    await page.getByRole('button', { name: 'Bring in a passkey' }).click();
    const mine = page.getByRole('listitem').filter({ hasText: 'console laptop' });
    await mine.waitFor();
    await page.goto(`${originOf(stack)}/console/actions/${id}`);
    await page.getByRole('button', { name: /^Approve/ }).click();
    await page.getByRole('dialog').getByText('This counts only with your passkey').waitFor();
    await page.getByRole('dialog').getByLabel('Reason').fill('Read in full.');
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Your decision is sealed.').waitFor();
    const action = await stack.call('GET', `/v1/actions/${id}?wait=20`);
    expect(action.body.approval.stages[0].decisions).toMatchObject([{ by: COUNSEL, via: 'console' }]);
    // Whoever decided may not read the enrolments of the log; an auditor may, and verifies the signature.
    await page.reload();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.getByRole('heading', { name: 'Everything holds.' }).waitFor();
    await page.getByText('NOT CHECKED here').waitFor();
    expect(complaints.splice(0).filter((text) => !text.includes('404'))).toEqual([]);
    const auditors = await windowOf(browser, stack, AUDITOR, { ...DESK, complaints });
    await auditors.goto(`${stack.url}/console/actions/${id}`);
    await auditors.getByRole('button', { name: 'Verify now' }).click();
    await auditors.getByRole('heading', { name: 'Everything holds.' }).waitFor();
    await auditors.getByText(/signed by the passkey of counsel@acme.test/).waitFor();
    await auditors.getByRole('button', { name: 'Show what they were shown' }).click();
    await auditors.getByText('It is what was sealed').waitFor();
    await auditors.getByText('answer-of-the-console').first().waitFor();
    await auditors.context().close();
    // The stack is as it was.
    await page.goto(`${originOf(stack)}/console/settings`);
    await mine.getByRole('button', { name: 'Revoke' }).click();
    await mine.waitFor({ state: 'detached' });
  });
});

describe('limits', () => {
  it('are shown with what is taken of them, by whom and until when, beside those of which nothing is', async () => {
    const actor = { id: 'agent:spender', type: 'agent' };
    for (const amount of [30.5, 12]) expect((await stack.ask(refund(amount, { actor }))).status).toBe(200);
    const { body } = await stack.call('GET', '/v1/limits');
    const one = body.limits.find(({ key }: { key: { value: string }[] }) => key[0]?.value === 'agent:spender');
    expect(one).toMatchObject({
      ...{
        policy: 'payments.refund',
        name: 'agent-daily',
        used: '42.5',
        max: '1000000',
        actions: 2,
        sum: 'params.amount',
      },
      key: [{ path: 'actor.id', value: 'agent:spender' }],
      windowSeconds: 86_400,
    });
    expect(Date.parse(one.freeAt) - Date.parse(one.since)).toBe(86_400_000);
    expect((await stack.call('GET', '/v1/limits', undefined, { token: await stack.person(LEAD) })).status).toBe(403);
    await open(AUDITOR, '/console/policies', DESK);
    const row = page
      .getByRole('region', { name: 'Limits in use' })
      .getByRole('row')
      .filter({ hasText: 'agent:spender' });
    await row.getByText('42.5 of 1,000,000').waitFor();
    await row.getByText('any 1 day').waitFor();
    await row.getByRole('link', { name: '2 actions' }).waitFor();
    await page.getByRole('heading', { name: 'Standing approvals in use' }).waitFor();
    await looksRight();
  });
});

describe('an owner', () => {
  it('asks what policy would say, reads why, and judges the past again', async () => {
    await open('user:owner@acme.test', '/console/policies', DESK);
    await page.getByRole('button', { name: 'Ask policy' }).click();
    await page.getByRole('status').getByText('Refunds above 100 need a yes of finance').first().waitFor();
    await page
      .getByRole('listitem')
      .filter({ hasText: 'params.amount <= 1000' })
      .getByText('matched')
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Judge again' }).click();
    await page.getByText(/verdicts were judged again; .* be another\./).waitFor();
    await looksRight();
  });
});

describe('whoever is not signed in', () => {
  it('is asked to, and comes back to where they were going', async () => {
    page = await browser.newPage();
    await page.goto(`${stack.url}/console/decisions`);
    const link = page.getByRole('link', { name: 'Sign in' });
    await link.waitFor();
    expect(await link.getAttribute('href')).toBe('/sign-in?to=%2Fconsole%2Fdecisions');
    // As messages of Slack, letters and the command line link to an action: after the sign-in it is there.
    const action = `act_${'0'.repeat(64)}`;
    await page.goto(`${stack.url}/console#${action}`);
    await page.waitForURL(`**/console/actions/${action}`);
    expect(await link.getAttribute('href')).toBe(`/sign-in?to=%2Fconsole%2Factions%2F${action}`);
    expect(await axe(page)).toEqual([]);
  });
});
