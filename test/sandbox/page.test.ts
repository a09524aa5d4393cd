import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, type JsonObject } from '../../sandbox/slack/index.ts';
import { axe, launchBrowser } from '../support/browser.ts';
import { card, sampleApp } from './sample-app.ts';
import { httpBench, type Bench } from './support.ts';

/** Set to a folder to look at what the tests saw. */
const SHOTS = process.env['SANDBOX_SHOTS'];

let bench: Bench;
let browser: Browser;
const submitted: JsonObject[] = [];

beforeAll(async () => {
  bench = await httpBench({ clock: systemClock });
  sampleApp(bench.app, submitted);
  browser = await launchBrowser();
  if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true });
});

afterAll(async () => {
  await browser.close();
  await bench.stop();
});

async function post(text: string, more: object = {}): Promise<{ channel: string; ts: string }> {
  const { client } = bench.app;
  const token = bench.sandbox.botToken;
  const answer = await client.chat.postMessage({ token, channel: '#finance-approvals', text, ...more });
  return { channel: String(answer.channel), ts: String(answer.ts) };
}

async function shot(page: Page, name: string): Promise<void> {
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${name}.png` });
}

describe.each([
  { name: 'phone', width: 390, height: 844 },
  { name: 'desktop', width: 1280, height: 800 },
])('the page on a $name ($width px)', ({ name, width, height }) => {
  let page: Page;
  const errors: string[] = [];
  beforeAll(async () => {
    const context = await browser.newContext({ viewport: { width, height }, locale: 'en-US', reducedMotion: 'reduce' });
    page = await context.newPage();
    page.on('console', (message) => {
      // The 409s and network notes of our own tests are not errors of the page.
      if (message.type() === 'error' && !message.text().includes('409')) errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
  });
  afterAll(async () => {
    await page.context().close();
  });

  const open = async (user: string): Promise<void> => {
    await page.goto(
      `${bench.sandbox.url}/#user=${user}&channel=${bench.sandbox.control.channel('finance-approvals').id}`,
    );
    await page.reload();
    await page.getByRole('heading', { name: 'finance-approvals', level: 1 }).waitFor();
  };

  it('shows a card and lets an approver click it, with the confirm dialog', async () => {
    const { ts } = await post('Refund 420.50 USD?', { blocks: card(Math.floor(Date.now() / 1000) + 4 * 3600) });
    await post('Asked Anna Berg.', { thread_ts: ts });
    await open('U0ANNA');
    const message = page.locator(`[data-ts="${ts}"]`);
    await message.getByRole('heading', { name: 'Refund waiting for finance' }).waitFor();
    expect(await message.locator('blockquote').textContent()).toBe('Customer was charged twice & wrote in');
    expect(await message.getByRole('link', { name: 'ord_991' }).getAttribute('href')).toMatch(/orders\/991$/);
    expect(await message.getByText('1 reply').count()).toBe(1);
    await shot(page, `${name}-1-card`);
    await message.getByRole('button', { name: 'More actions' }).or(message.locator('.overflow-button')).click();
    await shot(page, `${name}-2-overflow`);
    await page.keyboard.press('Escape');
    await message.getByRole('button', { name: 'Approve' }).click();
    const dialog = page.getByRole('dialog', { name: 'Approve 420.50 USD?' });
    await dialog.waitFor();
    await shot(page, `${name}-3-confirm`);
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await message.getByText('Approved by').waitFor();
    await message.getByText('(edited)').waitFor();
    expect(await message.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    await shot(page, `${name}-4-approved`);
  });

  it('draws rich text, and reads no markup in it', async () => {
    const elements = [
      { type: 'text', text: '*so* _it_ ~is~ `written` :tada: <!channel> ' },
      { type: 'text', text: 'loud', style: { bold: true } },
      { type: 'date', timestamp: 86_400, format: '{date_num}', fallback: 'then' },
      { type: 'user', user_id: 'U0ANNA' },
      { type: 'link', url: 'https://shop.acme.test/', text: 'shop' },
    ];
    const blocks = [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] }];
    const { ts } = await post('x', { blocks });
    await open('U0BOB');
    const message = page.locator(`[data-ts="${ts}"]`);
    await message.getByText('*so* _it_ ~is~ `written` :tada: <!channel>').waitFor();
    expect(await message.locator('strong').allInnerTexts()).toEqual(['loud']);
    expect(await message.locator('time[title="then"]').innerText()).toMatch(/^1970-01-0[12]$/);
    expect(await message.locator('.mention').count()).toBe(1);
    expect(await message.getByRole('link', { name: 'shop' }).getAttribute('href')).toBe('https://shop.acme.test/');
  });

  it('shows an ephemeral to the one it is for', async () => {
    const { ts } = await post('Refund 420.50 USD?', { blocks: card(Math.floor(Date.now() / 1000) + 4 * 3600) });
    await open('U0BOB');
    const message = page.locator(`[data-ts="${ts}"]`);
    await message.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Only visible to you').first().waitFor();
    await shot(page, `${name}-5-ephemeral`);
    await page.getByLabel('Act as').selectOption('U0GUEST');
    await page.getByText('Only visible to you').first().waitFor({ state: 'detached' });
  });

  it('fills in and submits a modal, errors and all', async () => {
    const { ts } = await post('Refund 420.50 USD?', { blocks: card(Math.floor(Date.now() / 1000) + 4 * 3600) });
    await open('U0ANNA');
    await page.locator(`[data-ts="${ts}"]`).getByRole('button', { name: 'Refuse' }).click();
    const dialog = page.getByRole('dialog', { name: 'Refuse refund' });
    await dialog.waitFor();
    await dialog.getByRole('button', { name: 'Refuse' }).click();
    await dialog.getByText('Please complete this required field.').first().waitFor();
    await dialog.getByLabel('Reason').fill('no');
    await dialog.getByLabel('Kind').selectOption('amount');
    await dialog.getByLabel('Amount you would accept').fill('99.50');
    await dialog.getByLabel('Valid until').fill('2026-12-01');
    await dialog.getByLabel('Ask instead').selectOption('U0BOB');
    await dialog.getByLabel('the duty manager').check();
    await dialog.getByRole('button', { name: 'Refuse' }).click();
    await dialog.getByText('One sentence, please.').waitFor();
    expect(await dialog.getByLabel('Kind').inputValue()).toBe('amount');
    expect(await axe(page)).toEqual([]);
    await shot(page, `${name}-6-modal`);
    await dialog.getByLabel('Reason').fill('The order was never paid.');
    await dialog.getByRole('button', { name: 'Refuse' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(submitted.at(-1)).toMatchObject({
      reason: { text: { value: 'The order was never paid.' } },
      kind: { pick: { selected_option: { value: 'amount' } } },
      amount: { number: { type: 'number_input', value: '99.50' } },
      until: { date: { selected_date: '2026-12-01' } },
      who: { user: { selected_user: 'U0BOB' } },
      tell: { boxes: { selected_options: [{ value: 'duty' }] } },
    });
  });

  it('opens a thread, runs a slash command, and shows the App Home', async () => {
    const { ts } = await post('A message with a thread');
    await post('and its reply :tada:', { thread_ts: ts });
    await open('U0ANNA');
    await page.locator(`[data-ts="${ts}"]`).getByText('1 reply').click();
    await page.getByRole('complementary', { name: 'Thread' }).getByText('and its reply').waitFor();
    await shot(page, `${name}-7-thread`);
    await page.getByRole('button', { name: 'Close thread' }).click();
    await page.getByLabel('Message or slash command').fill('/countersign pending');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing is waiting for you (pending).').last().waitFor();
    if (width < 760) await page.getByRole('button', { name: 'Channels' }).click();
    await shot(page, `${name}-8-sidebar`);
    await page.getByRole('navigation').getByRole('button', { name: 'Countersign' }).click();
    await page.getByRole('tab', { name: 'Home' }).click();
    await page.getByRole('heading', { name: 'Waiting for you' }).waitFor();
    await shot(page, `${name}-9-home`);
    expect(await axe(page)).toEqual([]);
  });

  it('has no accessibility fault, no script error, and fits', async () => {
    await post('Refund 420.50 USD?', { blocks: card(Math.floor(Date.now() / 1000) + 4 * 3600) });
    await open('U0ANNA');
    await page.getByRole('button', { name: 'Approve' }).last().waitFor();
    expect(await axe(page)).toEqual([]);
    for (const narrow of [width, 360, 320]) {
      await page.setViewportSize({ width: narrow, height });
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
    expect(errors).toEqual([]);
    // And axe does look: a picture without words is a fault.
    await page.evaluate("document.querySelector('#messages').append(document.createElement('img'))");
    expect((await axe(page)).join()).toContain('image-alt');
  });
});
