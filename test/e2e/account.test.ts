/** A person's own page in a real browser, at a desk and on a phone: who they are, their sessions, and the way out. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { axe, launchBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { windowOf } from '../support/signed-in.ts';

const PERSON = 'user:incident-commander@acme.test';
let stack: SharedStack;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([sharedStack(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
});

async function looksRight(page: Page): Promise<void> {
  expect(await axe(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
}

it.each([
  ['a desk', { width: 1440, height: 900 }],
  ['a phone', { width: 360, height: 740 }],
])(
  'lists the sessions and ends them, at %s',
  async (_, viewport) => {
    const here = await windowOf(browser, stack, PERSON, { viewport });
    const elsewhere = await windowOf(browser, stack, PERSON, { viewport });
    await here.goto(`${stack.url}/account`);
    await here.getByText(PERSON).first().waitFor();
    await here.getByText('(this one)').waitFor();
    await looksRight(here);

    // All but this one: the other window is among them.
    const ends = here.getByRole('button', { name: 'End' });
    for (let left = await ends.count(); left > 0; left -= 1) {
      await ends.first().click();
      await eventually('one window less', async () => (await ends.count()) === left - 1 || undefined);
    }
    await elsewhere.goto(`${stack.url}/account`);
    await elsewhere.getByText('You are not signed in.').waitFor();
    await looksRight(elsewhere);

    await here.getByRole('button', { name: 'Sign out' }).click();
    await here.getByText('You are not signed in.').waitFor();
    await Promise.all([here.context().close(), elsewhere.context().close()]);
  },
  240_000,
);

it('says readably why a link signs nobody in', async () => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(`${stack.url}/sign-in/link?code=x`);
  await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  await looksRight(page);
  await context.close();
});
