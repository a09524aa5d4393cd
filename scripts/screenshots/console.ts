/**
 * The console as pictures in docs/console, in light and in dark, on a phone and at a desk. A fresh stack, real actions, real decisions; every
 * page as one of the people sees it whom it is for.
 */
import type { Browser } from 'playwright-core';
import { setup as buildAll } from '../../test/support/built.ts';
import { windowOf } from '../../test/support/signed-in.ts';
import { refund, startTestStack, type TestStack } from '../../test/support/stack.ts';
import { person } from './scenes.ts';
import { keepPicture } from './screens.ts';

const SIZES = { phone: { width: 360, height: 740 }, desk: { width: 1440, height: 900 } } as const;
const SCHEMES = ['light', 'dark'] as const;

interface Picture {
  name: string;
  as: string;
  path(ids: Ids): string;
  /** What the reader writes first, by the label of its field. */
  fill?: Record<string, string>;
  /** What the reader does before the picture is taken. */
  press?: RegExp;
  /** What is looked at then. */
  until?: RegExp;
  /** Sizes and schemes; both of both unless given. */
  only?: (keyof typeof SIZES)[];
}

interface Ids {
  waiting: string;
  executed: string;
}

const PICTURES: Picture[] = [
  { name: 'overview', as: 'auditor', path: () => 'overview' },
  { name: 'decisions', as: 'auditor', path: () => 'decisions' },
  { name: 'findings', as: 'auditor', path: () => 'findings' },
  { name: 'report', as: 'auditor', path: () => 'reports?from=2026-01-01&to=2099-12-31' },
  {
    name: 'sample',
    as: 'auditor',
    path: () => 'samples?from=2026-01-01&to=2099-12-31',
    fill: { 'How many': '3', 'Your word': 'heliotrope' },
    press: /^Draw the sample/,
    until: /^Prove these/,
  },
  {
    name: 'verified',
    as: 'auditor',
    path: ({ executed }) => `actions/${executed}`,
    press: /^Verify now/,
    until: /Everything holds/,
  },
  { name: 'inbox', as: 'finance-lead', path: () => 'inbox', only: ['phone'] },
  { name: 'deciding', as: 'finance-lead', path: ({ waiting }) => `actions/${waiting}` },
  {
    name: 'approving',
    as: 'finance-lead',
    path: ({ waiting }) => `actions/${waiting}`,
    press: /^Approve/,
    until: /take responsibility/,
    only: ['phone'],
  },
  { name: 'policies', as: 'owner', path: () => 'policies' },
  { name: 'limits', as: 'owner', path: () => 'policies', until: /^Standing approvals in use/ },
  { name: 'evidence', as: 'auditor', path: () => 'evidence' },
  { name: 'people', as: 'auditor', path: () => 'people?from=2026-01-01&to=2099-12-31' },
  { name: 'statements', as: 'auditor', path: () => 'statements' },
  { name: 'grants', as: 'finance-lead', path: () => 'grants' },
  { name: 'settings', as: 'auditor', path: () => 'settings' },
];

const DECIDED = [
  { amount: 310, by: 'finance-lead', decision: 'approve', reason: 'Both boxes came back, see the photo.' },
  { amount: 640.25, by: 'cfo', decision: 'approve', reason: 'As agreed with the customer on Tuesday.' },
  { amount: 999, by: 'finance-lead', decision: 'refuse', reason: 'Already refunded on Tuesday, with ord_988.' },
  { amount: 950, by: 'finance-lead', decision: 'approve', reason: 'ok' },
] as const;

/** A morning of a small company. */
async function played(stack: TestStack): Promise<Ids> {
  for (const amount of [42.5, 12, 88, 99.99, 5000]) await stack.ask(refund(amount));
  let executed = '';
  for (const { amount, by, decision, reason } of DECIDED) {
    const { body } = await stack.ask(refund(amount));
    await stack.call(
      'POST',
      `/v1/actions/${body.id}/decisions`,
      { decision, reason },
      { token: await stack.person(person(by)) },
    );
    if (decision === 'refuse') continue;
    const { permit } = (await stack.call('GET', `/v1/actions/${body.id}?wait=20`)).body;
    await stack.call('POST', '/v1/permits/redeem', { permit });
    await stack.call('POST', `/v1/actions/${body.id}/outcome`, {
      permit,
      status: 'executed',
      reference: `re_${amount}`,
    });
    executed = String(body.id);
  }
  await stack.ask(refund(512));
  const { body } = await stack.ask(refund(420.5));
  return { executed, waiting: String(body.id) };
}

async function take(stack: TestStack, browser: Browser, ids: Ids, picture: Picture): Promise<void> {
  for (const size of picture.only ?? (Object.keys(SIZES) as (keyof typeof SIZES)[])) {
    for (const colorScheme of SCHEMES) {
      const page = await windowOf(browser, stack, person(picture.as), { viewport: SIZES[size], colorScheme });
      await page.goto(`${stack.url}/console/${picture.path(ids)}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForLoadState('networkidle');
      for (const [label, value] of Object.entries(picture.fill ?? {})) await page.getByLabel(label).fill(value);
      if (picture.press !== undefined) {
        await page.getByRole('button', { name: picture.press }).click();
        await page.waitForLoadState('networkidle');
      }
      if (picture.until !== undefined) {
        const seen = page.getByText(picture.until).filter({ visible: true }).first();
        await seen.waitFor();
        await seen.scrollIntoViewIfNeeded();
      }
      const png = await page.screenshot({ animations: 'disabled', caret: 'hide' });
      keepPicture(`console/${picture.name}-${size}-${colorScheme}`, png);
      await page.context().close();
    }
  }
}

export async function consolePictures(browser: Browser): Promise<void> {
  await buildAll();
  const stack = await startTestStack();
  try {
    const ids = await played(stack);
    for (const picture of PICTURES) {
      console.log(`  ${picture.name}`);
      await take(stack, browser, ids, picture);
    }
  } finally {
    await stack.stop();
  }
}
