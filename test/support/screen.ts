/** Somebody's screen in the sandbox's page, in a real Chromium. */
import type { Browser, Locator, Page } from 'playwright-core';
import type { TestStack } from './stack.ts';

export const DESK = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

export interface Screen {
  page: Page;
  /** Errors of the page's own, and of its console. */
  errors: string[];
  /** Shows a channel to a person of the directory; `home` is their Home tab with the app. */
  at(person: string, channel: string): Promise<void>;
  home(person: string): Promise<void>;
  message(ts: string): Locator;
  /** The form that is open, by its title. */
  form(title: string): Locator;
  /** Sends what was filled in, and waits until the form is gone. */
  send(form: Locator, button: string): Promise<void>;
  /** Types a slash command; answers what only this person sees of its answer. */
  command(text: string): Promise<Locator>;
  /** Nothing is wider than the screen. */
  fits(): Promise<boolean>;
  close(): Promise<void>;
}

export async function openScreen(
  browser: Browser,
  stack: TestStack,
  viewport: { width: number; height: number },
): Promise<Screen> {
  const context = await browser.newContext({ viewport, locale: 'en-US', reducedMotion: 'reduce' });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
  page.on('pageerror', (error) => void errors.push(String(error)));
  const slackId = (person: string): string =>
    stack.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
  const open = async (person: string, channel: string, more = ''): Promise<void> => {
    // A change of the address behind `#` alone loads nothing.
    await page.goto('about:blank');
    await page.goto(`${stack.url}/slack-sandbox/#user=${slackId(person)}&channel=${channel}${more}`);
    await page.locator('#sidebar button').first().waitFor({ state: 'attached' });
  };
  return {
    page,
    errors,
    at: (person, channel) => open(person, channel),
    async home(person) {
      await open(person, stack.sandbox.control.im(slackId(person)).id, '&tab=home');
      await page.getByRole('tab', { name: 'Home' }).click();
      await page.locator('#home').getByRole('heading').first().waitFor();
    },
    message: (ts) => page.locator(`#messages [data-ts="${ts}"]`),
    form: (title) => page.getByRole('dialog', { name: title }),
    async send(form, button) {
      await form.getByRole('button', { name: button, exact: true }).click();
      await form.waitFor({ state: 'hidden' });
    },
    async command(text) {
      const answers = page.locator('#messages .ephemeral');
      const before = await answers.count();
      await page.getByLabel('Message or slash command').fill(`/countersign ${text}`);
      await page.getByLabel('Message or slash command').press('Enter');
      const answer = answers.nth(before);
      await answer.waitFor();
      return answer;
    },
    fits: () => page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
    close: () => context.close(),
  };
}
