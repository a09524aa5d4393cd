/** An approver without Slack: asked by mail, decides elsewhere, is told that it is over. Real SMTP, the whole stack. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startMailServer, type MailServer, type SentMail } from '../support/mail-server.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

let server: MailServer;
let it_: TestStack;
beforeAll(async () => {
  server = await startMailServer();
  it_ = await startTestStack({
    COUNTERSIGN_SMTP_URL: server.url,
    COUNTERSIGN_MAIL_FROM: 'Countersign <countersign@acme.test>',
  });
});
afterAll(async () => {
  await it_?.stop();
  await server?.close();
});

const about = (id: string): SentMail | undefined =>
  server.mails.find(({ to, text }) => to.includes('finance-lead@acme.test') && text.includes(id));

it('asks by mail whom policy names, though the mail server was away at first', async () => {
  server.answerWith(451);
  const { body } = await it_.ask(refund(420.5));
  expect(body.status).toBe('supervised');
  server.answerWith(null);
  const mail = await eventually('the mail that asks', () => about(body.id));
  expect(mail.headers['subject']).toMatch(/^Decide: refund\.create, 420\.50 USD/);
  expect(mail.text).toContain(`${it_.url}/console`);

  const token = await it_.person(LEAD);
  const path = `/v1/actions/${body.id}/decisions`;
  expect((await it_.call('POST', path, { decision: 'approve', reason: 'fits' }, { token })).status).toBe(200);
  const answers = await eventually('the mail that it is over', () => {
    const found = server.mails.filter(({ headers }) => headers['in-reply-to'] === mail.headers['message-id']);
    return found.length > 0 ? found : undefined;
  });
  expect(answers.map(({ text }) => text.split('\n')[0])).toEqual([expect.stringMatching(/^Approved by Fatima/)]);
});

it('writes to nobody whom it does not concern', () => {
  expect(server.mails.flatMap(({ to }) => to).filter((to) => !/@acme\.test$/.test(to))).toEqual([]);
  expect(server.mails.map(({ to }) => to.length)).toEqual(server.mails.map(() => 1));
});
