/** Mails to approvers and requesters, through a real SMTP server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMailNotifier, createSmtpTransport, MAIL } from '../../src/mail/index.ts';
import { NotifierUnavailable, type Notifier, type PostedMessage } from '../../src/notify/notifier.ts';
import { tellTogether } from '../../src/notify/together.ts';
import { WAITING } from '../slack/messages.ts';
import { startMailServer, type MailServer } from '../support/mail-server.ts';

const LEAD = 'user:finance-lead@acme.test';
const GONE = 'user:gone@acme.test';
const addresses = new Map([[LEAD, 'finance-lead@acme.test']]);
const asking = { ...WAITING, audience: { channels: [], people: [LEAD], asked: [LEAD] } };

let server: MailServer;
let transport: ReturnType<typeof createSmtpTransport>;
let notifier: Notifier;
const fresh = (): Notifier =>
  createMailNotifier({
    send: (mail) => transport.send(mail),
    addressOf: (person) => addresses.get(person) ?? null,
    domain: 'acme.test',
    log: { warn: () => undefined },
  });

beforeAll(async () => {
  server = await startMailServer();
  transport = createSmtpTransport({ url: server.url, from: 'Countersign <countersign@acme.test>', loopback: true });
});
afterAll(async () => {
  transport.close();
  await server.close();
});
beforeEach(() => {
  server.mails.length = 0;
  server.answerWith(null);
  notifier = fresh();
});

describe('asking', () => {
  it('writes once to each person who is asked, and says what, who, why, until when and where', async () => {
    const { posted, unreachable } = await notifier.post(asking, []);
    expect(unreachable).toEqual([]);
    expect(posted).toMatchObject([{ workspace: MAIL, kind: 'dm', person: LEAD }]);
    await notifier.post({ ...asking, revision: asking.revision + 1 }, posted);
    expect(server.mails).toHaveLength(1);
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: 'countersign@acme.test', to: ['finance-lead@acme.test'] });
    expect(mail?.headers).toMatchObject({ 'message-id': posted[0]?.ts, 'auto-submitted': 'auto-generated' });
    expect(mail?.headers['content-type']).toMatch(/^text\/plain/);
    expect(mail?.headers['subject']).toBe('Decide: refund.create, 420.50 USD, order ord_991');
    expect(mail?.text.split('\n')).toEqual([
      'Decide: refund.create, 420.50 USD, order ord_991',
      '',
      'agent:support-bot (agent) asked for Robin Requester.',
      'Why: Refunds above 100 need a person of finance',
      'Environment: production',
      '2 values are not disclosed in mails.',
      'Decide by: 2026-11-21 16:00 UTC. If nobody does, it is refused.',
      'You are asked because of group:finance.',
      '',
      'Read it whole and decide here, after you have signed in:',
      'https://countersign.acme.test/console/actions/act_0123',
      '',
      'This mail decides nothing, nor does opening the link. Answers to it reach nobody.',
    ]);
  });

  it('keeps what others wrote on its line, out of the headers, and visible', async () => {
    const hostile = 'refund\r\nBcc: everybody@evil.test\u202e\u200b, <b>approved</b>';
    await notifier.post({ ...asking, verb: hostile, why: { ...asking.why, reasons: [hostile] } }, []);
    const [mail] = server.mails;
    expect(mail?.to).toEqual(['finance-lead@acme.test']);
    expect(mail?.headers['bcc']).toBeUndefined();
    expect(mail?.text).not.toMatch(/[\u202e\u200b]|^Bcc:/m);
    expect(mail?.text).toContain('refund Bcc: everybody@evil.test, <b>approved</b>');
  });

  it('says who cannot be written to, and why', async () => {
    addresses.set('user:refused@acme.test', 'refused@acme.test');
    server.refuse('refused@acme.test');
    const people = [GONE, 'user:refused@acme.test', LEAD];
    const { posted, unreachable } = await notifier.post({ ...asking, audience: { channels: [], people } }, []);
    expect(posted.map(({ person }) => person)).toEqual([LEAD]);
    expect(unreachable).toEqual([
      { person: GONE, why: 'has no e-mail address in the directory' },
      { person: 'user:refused@acme.test', why: 'has an e-mail address that the mail server refuses' },
    ]);
  });

  it.each([421, 451, 554])('tries again later where the server answers %i to all', async (code) => {
    server.answerWith(code);
    await expect(notifier.post(asking, [])).rejects.toBeInstanceOf(NotifierUnavailable);
    server.answerWith(null);
    await notifier.post(asking, []);
    expect(server.mails).toHaveLength(1);
  });

  it('tries again later where nothing listens', async () => {
    const away = createSmtpTransport({ url: 'smtp://127.0.0.1:9', from: 'a@acme.test', loopback: true });
    const lonely = createMailNotifier({
      send: (mail) => away.send(mail),
      addressOf: () => 'finance-lead@acme.test',
      domain: 'acme.test',
      log: { warn: () => undefined },
    });
    await expect(lonely.post(asking, [])).rejects.toBeInstanceOf(NotifierUnavailable);
    away.close();
  });
});

describe('what happens afterwards', () => {
  const event = { id: '1', kind: 'approved', by: 'Fatima', detail: 'fits', until: null } as const;

  it('is said once, in the thread of the first mail', async () => {
    const { posted } = await notifier.post(asking, []);
    await notifier.thread(posted, event);
    await notifier.thread(posted, event);
    expect(server.mails).toHaveLength(2);
    expect(server.mails[1]?.headers).toMatchObject({ 'in-reply-to': posted[0]?.ts, references: posted[0]?.ts });
    expect(server.mails[1]?.text).toContain('Approved by Fatima.\n“fits”');
  });

  it('is said of executors to nobody, and reminders to those who are meant', async () => {
    const { posted } = await notifier.post(asking, []);
    await notifier.thread(posted, { ...event, id: '2', kind: 'executed' });
    await notifier.thread(posted, { ...event, id: '3', kind: 'reminder', people: [GONE] });
    expect(server.mails).toHaveLength(1);
    await notifier.thread(posted, { ...event, id: '4', kind: 'reminder', people: [LEAD] });
    expect(server.mails).toHaveLength(2);
  });

  it('is told to a requester', async () => {
    const notice = {
      id: 'n',
      tenant: 'default',
      action: 'act_1',
      headline: 'Approved',
      lines: ['by Fatima'],
      consoleUrl: null,
    };
    expect(await notifier.tell(LEAD, notice)).toBeNull();
    expect(await notifier.tell(GONE, notice)).toMatchObject({ person: GONE });
    expect(server.mails.map(({ headers }) => headers['subject'])).toEqual(['Approved']);
  });
});

describe('beside another way', () => {
  const other = (post: Notifier['post']): Notifier => ({
    post: post,
    postPlan: () => Promise.resolve({ posted: [], unreachable: [] }),
    thread: () => Promise.resolve(),
    tell: (person) => Promise.resolve({ person, why: 'is not in Slack' }),
  });
  const isMail = ({ workspace }: PostedMessage): boolean => workspace === MAIL;
  const beside = (post: Notifier['post']): Notifier =>
    tellTogether([
      { notifier: other(post), owns: (one) => !isMail(one) },
      { notifier, owns: isMail },
    ]);

  it('a person is out of reach only where every way fails; a channel where its own does', async () => {
    const nobody = beside(() =>
      Promise.resolve({
        posted: [],
        unreachable: [LEAD, GONE, '#finance'].map((person) => ({ person, why: 'is not in Slack' })),
      }),
    );
    const { unreachable } = await nobody.post({ ...asking, audience: { channels: [], people: [LEAD, GONE] } }, []);
    expect(unreachable.map(({ person }) => person)).toEqual([GONE, '#finance']);
    expect(
      await nobody.tell(LEAD, {
        id: 'x',
        tenant: 'default',
        action: 'act_1',
        headline: 'A',
        lines: [],
        consoleUrl: null,
      }),
    ).toBeNull();
  });

  it('writes at once what another way gathers, and hands on how that is shown', async () => {
    const gathered: unknown[] = [];
    const digests: NonNullable<Notifier['digests']> = {
      show: () => Promise.resolve({ why: 'is not in Slack' }),
      absence: () => Promise.resolve(null),
      owns: () => true,
    };
    const slack: Notifier = {
      ...other((_message, posted, _progress, unreachable = []) => {
        gathered.push(unreachable);
        return Promise.resolve({ posted: [...posted], unreachable });
      }),
      digests,
    };
    const both = tellTogether([
      { notifier: slack, owns: (one) => !isMail(one) },
      { notifier, owns: isMail },
    ]);
    const away = [{ person: LEAD, why: 'is not in Slack' }];
    const { posted, unreachable } = await both.post(asking, [], undefined, away);
    expect([gathered, unreachable, server.mails.length]).toEqual([[away], [], 1]);
    expect(posted.map((one) => both.digests?.owns(one))).toEqual([false]);
    expect(await both.digests?.show({ items: [], consoleUrl: null }, { target: '#finance' })).toEqual({
      why: 'is not in Slack',
    });
    expect(beside(() => Promise.resolve({ posted: [], unreachable: [] })).digests).toBeUndefined();
  });

  it('writes though Slack is away, and not a second time when it is back', async () => {
    let isAway = true;
    const slack = beside(() =>
      isAway
        ? Promise.reject(new NotifierUnavailable('away', { retryAfterMs: 1 }))
        : Promise.resolve({ posted: [], unreachable: [] }),
    );
    await expect(slack.post(asking, [])).rejects.toBeInstanceOf(NotifierUnavailable);
    isAway = false;
    await slack.post(asking, []);
    expect(server.mails).toHaveLength(1);
  });
});
