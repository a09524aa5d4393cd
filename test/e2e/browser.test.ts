import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axe, launchBrowser } from '../support/browser.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund } from '../support/stack.ts';

let stack: SharedStack;
let browser: Browser;
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  [stack, browser] = await Promise.all([sharedStack(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
});
afterEach(async () => {
  await page.context().close();
  expect(errors.splice(0)).toEqual([]);
});

async function open(path: string, width: number, height: number): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'en-US', reducedMotion: 'reduce' });
  page = await context.newPage();
  page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
  page.on('pageerror', (error) => void errors.push(String(error)));
  await page.goto(stack.url + path);
}

/** Asks for a refund; answers its id and its message on the finance lead's screen. */
async function parkedInFrontOfTheLead(amount: number, width: number, height: number) {
  const asked = await stack.ask(refund(amount));
  expect(asked.status).toBe(202);
  const id = asked.body.id as string;
  const { channel, ts } = await stack.sandbox.control.waitFor(
    () =>
      stack.sandbox.control
        .messages('finance-approvals')
        .find((one) => one.threadTs === undefined && JSON.stringify(one.blocks).includes(id)),
    30_000,
  );
  await open(`/slack-sandbox/#channel=${channel}`, width, height);
  const name = stack.stack.parts.directory.current('default').person(LEAD)?.name ?? '';
  await page.getByLabel('Act as').selectOption({ label: name });
  const message = page.locator(`[data-ts="${ts}"]`);
  await message.getByRole('heading', { name: /Decide: refund.create/ }).waitFor();
  return { id, name, message };
}

const buttons = (message: Locator) => message.getByRole('button', { name: /approve|refuse/i });

describe('the approver in a real browser', () => {
  it('approves with one click at the desk; the message says who, and has no buttons any more', async () => {
    const { id, name, message } = await parkedInFrontOfTheLead(420.5, 1280, 800);
    expect(await axe(page)).toEqual([]);
    await message
      .getByRole('button', { name: /^Approve/ })
      .first()
      .click();
    await message.getByText(`${name} approved`).waitFor();
    expect(await buttons(message).count()).toBe(0);
    const action = await stack.call('GET', `/v1/actions/${id}?wait=20`);
    expect(action.body).toMatchObject({ status: 'released', approval: { stages: [{ decisions: [{ by: LEAD }] }] } });
  });

  it('refuses with a reason on a phone, and nothing is cut off', async () => {
    const { id, message } = await parkedInFrontOfTheLead(333, 390, 844);
    await message.getByRole('button', { name: /^Refuse/ }).click();
    const modal = page.getByRole('dialog', { name: 'Refuse' });
    await modal.getByLabel('Reason').waitFor();
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await modal.getByRole('button', { name: 'Refuse' }).click();
    await modal.getByText('Please complete this required field.').first().waitFor();
    await modal.getByLabel('Reason').fill('Charged only once, says the bank.');
    await modal.getByRole('button', { name: 'Refuse' }).click();
    await modal.waitFor({ state: 'hidden' });
    await message.getByRole('heading', { name: /Refused/ }).waitFor();
    await message.getByText('Charged only once, says the bank.').waitFor();
    expect(await buttons(message).count()).toBe(0);
    expect(await axe(page)).toEqual([]);
    const action = await stack.call('GET', `/v1/actions/${id}?wait=20`);
    expect(action.body).toMatchObject({ status: 'refused', permit: null });
  });
});
