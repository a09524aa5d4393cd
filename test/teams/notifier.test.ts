/** Telling people in Teams: cards that are posted, edited and posted anew, and what becomes of those who cannot be reached. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { teamsCheck } from '../../src/main/readiness.ts';
import { NotifierUnavailable, type Notifier } from '../../src/notify/notifier.ts';
import type { TeamsReach } from '../../src/store/index.ts';
import { cardHash, renderCard } from '../../src/teams/card/index.ts';
import { createTeamsClient, createTeamsNotifier, type TeamsClient } from '../../src/teams/index.ts';
import { keeperOf } from '../slack/bench.ts';
import { WAITING } from '../slack/messages.ts';
import { APP_ID, conversationOf, ENTRA_TENANT, startFakeTeams, type FakeTeams } from '../support/teams.ts';

const LEAD = 'user:finance-lead@acme.test';
const CFO = 'user:cfo@acme.test';
const USERS: Record<string, string> = {
  [LEAD]: 'aaaaaaaa-0000-4000-8000-000000000001',
  [CFO]: 'aaaaaaaa-0000-4000-8000-000000000002',
};
const MODEL = {
  ...WAITING,
  controls: { ...WAITING.controls, via: ['teams' as const] },
  audience: { channels: ['#finance'], people: [LEAD], asked: [LEAD, CFO] },
};

let fake: FakeTeams;
let notifier: Notifier;
let reach: Record<string, TeamsReach>;
const client = (secret?: string): TeamsClient => {
  const { TEAMS_APP_SECRET = '', TEAMS_TOKEN_URL: tokenUrl = '' } = fake.env;
  const serviceUrls = [fake.serviceUrl] as const;
  const options = { appId: APP_ID, appSecret: secret ?? TEAMS_APP_SECRET, tenant: ENTRA_TENANT, tokenUrl, serviceUrls };
  return createTeamsClient({ ...options, fetch, now: Date.now });
};
const made = (secret?: string): Notifier =>
  createTeamsNotifier({
    client: client(secret),
    tenant: ENTRA_TENANT,
    serviceUrl: fake.serviceUrl,
    teamsOf: (person) => (USERS[person] === undefined ? null : { tenant: ENTRA_TENANT, user: USERS[person] }),
    reachOf: (user) => Promise.resolve(reach[user] ?? null),
    log: { warn: () => undefined },
  });
beforeAll(async () => {
  fake = await startFakeTeams();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.messages.length = 0;
  fake.calls.length = 0;
  fake.answers.length = 0;
  fake.without.clear();
  reach = {};
  notifier = made();
});

it('asks everybody who is asked, once, and edits what they were shown', async () => {
  const kept: string[] = [];
  const first = await notifier.post(
    MODEL,
    [],
    keeperOf(({ ts }) => kept.push(ts)),
  );
  expect(first.unreachable).toEqual([]);
  expect(fake.messages.map(({ conversation }) => conversation)).toEqual(
    [LEAD, CFO].map((person) => conversationOf(USERS[person] ?? '')),
  );
  expect(kept).toEqual(fake.messages.map(({ id }) => id));
  expect(first.posted).toMatchObject([
    {
      workspace: `teams:${ENTRA_TENANT}`,
      kind: 'dm',
      person: LEAD,
      revision: 1,
      shownHash: cardHash(renderCard(MODEL, LEAD)),
    },
    { person: CFO, shownHash: cardHash(renderCard(MODEL, CFO)) },
  ]);
  expect((await notifier.post(MODEL, first.posted)).posted).toEqual(first.posted);

  const done = { ...MODEL, revision: 2, ask: null, state: 'approved' as const };
  const second = await notifier.post(done, first.posted);
  expect(fake.messages.map(({ updates }) => updates)).toEqual([1, 1]);
  expect(fake.messages[0]?.activity.attachments[0].content).toEqual(renderCard(done, LEAD));
  expect(second.posted.map(({ revision }) => revision)).toEqual([2, 2]);
  // Nobody is asked of what is over.
  expect((await notifier.post(done, [])).posted).toEqual([]);
});

it('says of whom it cannot reach why, and asks the others', async () => {
  const strangers = { ...MODEL, audience: { ...MODEL.audience, asked: [LEAD, CFO, 'user:nobody@acme.test'] } };
  fake.without.add(USERS[LEAD] ?? '');
  const user = USERS[CFO] ?? '';
  reach[user] = {
    tenant: ENTRA_TENANT,
    user,
    serviceUrl: fake.serviceUrl,
    conversation: conversationOf(user),
    gone: true,
  };
  expect((await notifier.post(strangers, [])).unreachable).toEqual([
    { person: LEAD, why: 'cannot be reached in Teams' },
    { person: CFO, why: 'removed the app from Teams' },
    { person: 'user:nobody@acme.test', why: 'has no Teams id in the directory' },
  ]);
  expect(fake.messages).toEqual([]);
});

it('asks anew whose card was deleted, while it is open', async () => {
  const { posted } = await notifier.post(MODEL, []);
  fake.messages.shift();
  const again = await notifier.post({ ...MODEL, revision: 2 }, posted);
  expect(again.posted.filter(({ person }) => person === LEAD)).toHaveLength(1);
  expect(fake.messages.filter(({ conversation }) => conversation === conversationOf(USERS[LEAD] ?? ''))).toHaveLength(
    1,
  );
});

it.each([
  ['is busy', { status: 429, retryAfter: '7' }, 7000],
  ['is away', { status: 503 }, 5000],
  ['fails', { status: 500, retryAfter: 'nonsense' }, 5000],
])('repeats later what Teams does not take when it %s, and posts nothing twice', async (_, answer, retryAfterMs) => {
  const one = { ...MODEL, audience: { ...MODEL.audience, asked: [LEAD] } };
  const { posted } = await notifier.post(one, []);
  fake.answers.push(answer);
  const error = await notifier.post(MODEL, posted).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NotifierUnavailable);
  expect(error).toMatchObject({ retryAfterMs, configuration: false, posted });
  expect((await notifier.post(MODEL, posted)).posted).toHaveLength(2);
  expect(fake.messages).toHaveLength(2);
});

it('says that a wrong secret is for somebody to mend', async () => {
  await expect(made('wrong').post(MODEL, [])).rejects.toMatchObject({ configuration: true });
  await expect(teamsCheck(client('wrong')).check()).rejects.toMatchObject({ kind: 'configuration' });
  await teamsCheck(client()).check();
});

it('never calls an address that is not allowed, whatever is remembered of a person', async () => {
  const user = USERS[LEAD] ?? '';
  reach[user] = { tenant: ENTRA_TENANT, user, serviceUrl: 'http://169.254.169.254/', conversation: 'a:x', gone: false };
  const { unreachable } = await notifier.post({ ...MODEL, audience: { ...MODEL.audience, asked: [] } }, []);
  expect(unreachable).toEqual([{ person: LEAD, why: 'cannot be reached in Teams' }]);
  expect(fake.calls).toEqual([]);
});

it('tells those who were asked that it is over, and lines to one person, each once', async () => {
  const { posted } = await notifier.post(MODEL, []);
  const event = {
    id: 'e1',
    kind: 'approved' as const,
    by: 'Fatima *Lindqvist*',
    detail: '[x](https://evil.test)',
    until: null,
  };
  await notifier.thread(posted, event);
  await notifier.thread(posted, event);
  await notifier.thread(posted, { ...event, id: 'e2', kind: 'executed' });
  const notice = {
    id: 'n1',
    tenant: 'default',
    action: MODEL.action,
    headline: 'Approved',
    lines: [],
    consoleUrl: null,
  };
  expect(await notifier.tell(LEAD, notice)).toBeNull();
  expect(await notifier.tell('user:nobody@acme.test', notice)).toEqual({
    person: 'user:nobody@acme.test',
    why: 'has no Teams id in the directory',
  });
  const lines = fake.messages.slice(2).map(({ activity }) => activity as { textFormat: string; text: string });
  expect(lines.map(({ textFormat }) => textFormat)).toEqual(['plain', 'plain', 'plain']);
  expect(lines[0]?.text).toBe('Approved by Fatima *Lindqvist*\n“[x](https://evil.test)”');
});
