/** The mails that an approver gets who has no Slack, as a program for mails shows them: they arrived over SMTP. */
import type { Browser } from 'playwright-core';
import { eventually } from '../../test/support/eventually.ts';
import { startMailServer, type MailServer, type SentMail } from '../../test/support/mail-server.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../../test/support/stack.ts';
import { keepPicture } from './screens.ts';

const STYLE = `
body { margin: 0; background: #fff; color: #202124; font: 15px/22px system-ui, sans-serif }
main { width: 560px; padding: 20px 24px }
h1 { font: 600 19px/26px system-ui, sans-serif; margin: 0 0 10px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 12px; margin: 0 0 14px; padding: 0 0 12px; border-bottom: 1px solid #dadce0; font-size: 13px }
dt { color: #5f6368 } dd { margin: 0 }
pre { font: inherit; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }`;

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[one] ?? '&quot;');

async function picture(browser: Browser, name: string, { headers, text, to }: SentMail): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 608, height: 200 } });
  const heads = { From: headers['from'] ?? '', To: to.join(', ') };
  const list = Object.entries(heads).map(([head, value]) => `<dt>${head}</dt><dd>${escaped(value)}</dd>`);
  await page.setContent(
    `<style>${STYLE}</style><main><h1>${escaped(headers['subject'] ?? '')}</h1><dl>${list.join('')}</dl><pre>${escaped(text)}</pre></main>`,
  );
  const png = await page.locator('main').screenshot({ animations: 'disabled' });
  keepPicture(`screenshots/mail-${name}-desktop`, png);
  await page.close();
}

async function letters(browser: Browser, stack: TestStack, server: MailServer): Promise<void> {
  const { body } = await stack.ask(refund(420.5, { resource: { type: 'order', id: 'ord_991' } }));
  const id = String(body.id);
  const toLead = (about: (mail: SentMail) => boolean): Promise<SentMail> =>
    eventually('the mail', () =>
      server.mails.find((mail) => mail.to.includes('finance-lead@acme.test') && about(mail)),
    );
  const asking = await toLead(({ text }) => text.includes(id));
  await picture(browser, 'waiting', asking);
  const token = await stack.person(LEAD);
  await stack.call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve', reason: 'fits' }, { token });
  await picture(
    browser,
    'approved',
    await toLead(({ headers }) => headers['in-reply-to'] === asking.headers['message-id']),
  );
}

export async function mailPictures(browser: Browser): Promise<void> {
  const server = await startMailServer();
  const stack = await startTestStack({
    COUNTERSIGN_SMTP_URL: server.url,
    COUNTERSIGN_MAIL_FROM: 'Countersign <countersign@acme.test>',
    COUNTERSIGN_URL: 'https://countersign.acme.test',
  });
  try {
    await letters(browser, stack, server);
  } finally {
    await stack.stop();
    await server.close();
  }
}
