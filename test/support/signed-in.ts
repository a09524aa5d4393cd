/** People in a browser: signed in with a link that is good once, as the start of a stack prints one. */
import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { signCompact } from '../../src/identity/index.ts';
import type { TestStack } from './stack.ts';

const LINK_S = 600;

/** A link that signs this person in once. */
export async function signInLinkOf({ stack, url }: Pick<TestStack, 'stack' | 'url'>, person: string): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const who = { provider: 'link', tenant: 'default', person, provedAt: Date.now() };
  const code = await signCompact(stack.parts.keys.attestation, 'login-code+jwt', {
    who,
    challenge: null,
    aud: 'countersign sign-in',
    iat,
    exp: iat + LINK_S,
    jti: randomUUID(),
  });
  return `${url}/sign-in/link?code=${code}`;
}

/** A window of this person's, at a page of the console. What the browser complains about is added to `complaints`. */
export async function windowOf(
  browser: Browser,
  stack: Pick<TestStack, 'stack' | 'url'>,
  person: string,
  options: BrowserContextOptions & { complaints?: string[] } = {},
): Promise<Page> {
  const { complaints = [], ...rest } = options;
  const context = await browser.newContext({
    locale: 'en-US',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    ...rest,
  });
  const page = await context.newPage();
  // A breach of the page's own policy is an error in the browser's console.
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  page.on('pageerror', (error) => void complaints.push(String(error)));
  await page.goto(await signInLinkOf(stack, person));
  return page;
}
