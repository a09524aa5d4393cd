/** What reaches the Teams endpoint, and what is believed of it. Real HTTP, real signatures; the gateway behind the door is a stand-in. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CountersignError } from '../../src/contract/index.ts';
import type { TeamsDoor } from '../../src/gateway/teams-door.ts';
import type { RefusedAttempt, SlackDecision, SlackPosted } from '../../src/gateway/slack-types.ts';
import type { TeamsReach } from '../../src/store/index.ts';
import { cardHash, renderCard } from '../../src/teams/card/index.ts';
import { createTeamsApp, createTeamsAuth, isAllowed, type TeamsApp } from '../../src/teams/index.ts';
import { WAITING } from '../slack/messages.ts';
import {
  APP_ID,
  conversationOf,
  ENTRA_TENANT,
  post,
  startFakeTeams,
  type FakeTeams,
  type TeamsMessage,
} from '../support/teams.ts';
import { untyped } from '../support/untyped.ts';

const LEAD = 'user:finance-lead@acme.test';
const USER = 'aaaaaaaa-0000-4000-8000-000000000001';
const OTHER = 'aaaaaaaa-0000-4000-8000-000000000002';
const MODEL = {
  ...WAITING,
  controls: {
    ...WAITING.controls,
    via: ['teams' as const],
    mayChange: [{ path: 'params.amount', label: 'Amount', kind: 'number' as const, value: '420.5' }],
  },
};

let fake: FakeTeams;
let server: Server;
let teams: TeamsApp;
let url: string;
let model = MODEL;
let decided: SlackDecision[] = [];
let refusals: RefusedAttempt[] = [];
let reach: TeamsReach[] = [];
let sent: TeamsMessage;
let posted: SlackPosted;
let answer: () => void = () => undefined;

const door: TeamsDoor = {
  personOf: (tenant, user) => {
    const known: Record<string, [id: string, name: string]> = {
      [USER]: [LEAD, 'Fatima Lindqvist'],
      [OTHER]: ['user:cfo@acme.test', 'Chidi Forde'],
    };
    const [id, name] = known[user] ?? [];
    const found = tenant === ENTRA_TENANT && id !== undefined && name !== undefined;
    return Promise.resolve(found ? { tenant: 'default', id, name } : null);
  },
  posted: (workspace, channel, ts) =>
    Promise.resolve(
      workspace === `teams:${ENTRA_TENANT}` && channel === sent.conversation && ts === sent.id ? posted : null,
    ),
  reshown: () => Promise.resolve(),
  keepShown: () => Promise.resolve(),
  message: () => Promise.resolve(model),
  heard: (one) => Promise.resolve(void reach.push(one)),
  read: () =>
    Promise.resolve({
      message: model,
      check: () => Promise.resolve(),
      decide: (input) => {
        answer();
        decided.push(input);
        return Promise.resolve(untyped({}));
      },
    }),
  refused: (attempt) => Promise.resolve(void refusals.push(attempt)),
};

beforeAll(async () => {
  fake = await startFakeTeams();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const { TEAMS_METADATA_URL: metadataUrl = '' } = fake.env;
  const auth = createTeamsAuth({ appId: APP_ID, metadataUrl, fetch, now: Date.now });
  teams = createTeamsApp({ door, auth, appId: APP_ID, tenant: ENTRA_TENANT, serviceUrls: [fake.serviceUrl], log });
  const web = express();
  teams.mount(web);
  server = createServer(web);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await teams.stop();
  await new Promise((done) => server.close(done));
  await fake.close();
});
beforeEach(() => {
  [model, decided, refusals, reach, answer] = [MODEL, [], [], [], () => undefined];
  const card = renderCard(MODEL, LEAD);
  const activity = {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }],
  };
  sent = { id: '17000000001', conversation: conversationOf(USER), activity, updates: 0 };
  posted = {
    tenant: 'default',
    action: MODEL.action,
    revision: MODEL.revision,
    shownHash: cardHash(card),
    person: LEAD,
  };
});

const click = (verb: string, inputs: Record<string, string> = {}, user = USER) => fake.click(user, sent, verb, inputs);
const said = async (activity: object) => post(url, activity, await fake.token());

describe('a request that is not the Bot Framework’s', () => {
  const seconds = (): number => Math.floor(Date.now() / 1000);
  it.each<[string, () => JWTPayload, { alg?: string; kid?: string }]>([
    ['has expired', () => ({ exp: seconds() - 1000 }), {}],
    ['never ends', () => ({ exp: untyped(undefined) }), {}],
    ['is not valid yet', () => ({ nbf: seconds() + 1000 }), {}],
    ['is for another app', () => ({ aud: '99999999-2222-4333-8444-555555555555' }), {}],
    ['is for another app as well', () => ({ aud: [APP_ID, 'another'] }), {}],
    ['is another issuer’s', () => ({ iss: 'https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/' }), {}],
    ['is about another service', () => ({ serviceurl: 'https://smba.trafficmanager.net/emea/' }), {}],
    ['is about no service', () => ({ serviceurl: undefined }), {}],
    ['is signed by nobody', () => ({}), { alg: 'none' }],
    ['is signed by another algorithm', () => ({}), { alg: 'HS256' }],
    ['is signed by an unknown key', () => ({}), { kid: 'nobody' }],
    ['is signed by another channel’s key', () => ({}), { kid: 'skype' }],
  ])('whose token %s is refused', async (_, claims, header) => {
    expect(await post(url, click('refuse', { refuse_reason: 'no' }), await fake.token(claims(), header))).toEqual({
      status: 401,
      body: null,
    });
    expect(decided).toEqual([]);
  });

  it('has no token, a broken one, or one that was altered', async () => {
    const [head, body, signature] = (await fake.token()).split('.');
    const altered = Buffer.from(JSON.stringify({ aud: APP_ID, serviceurl: fake.serviceUrl, exp: 9e9 })).toString(
      'base64url',
    );
    for (const token of [
      null,
      'x',
      'a.b.c',
      `${head}.${altered}.${signature}`,
      `${head}.${body}.${signature?.slice(0, -4)}AAAA`,
    ]) {
      expect((await post(url, click('refuse', { refuse_reason: 'no' }), token)).status).toBe(401);
    }
    expect(decided).toEqual([]);
  });

  it.each<[string, object, number]>([
    ['names a service that is not allowed', { serviceUrl: 'http://127.0.0.1:9/service/' }, 403],
    [
      'is about another tenant',
      {
        conversation: { id: conversationOf(USER), tenantId: '99999999-86f1-41af-91ab-2d7cd011db47' },
        channelData: null,
      },
      403,
    ],
    ['is about two tenants', { channelData: { tenant: { id: '99999999-86f1-41af-91ab-2d7cd011db47' } } }, 403],
    ['is about no tenant', { conversation: { id: conversationOf(USER) }, channelData: null }, 403],
    ['is for another app', { recipient: { id: '28:99999999-2222-4333-8444-555555555555' } }, 403],
    ['comes through another channel', { channelId: 'directline' }, 400],
    ['is no invoke of a card', { name: 'task/submit' }, 400],
    ['has no id', { id: undefined }, 400],
  ])('that %s is refused', async (_, more, status) => {
    expect((await said({ ...click('refuse', { refuse_reason: 'no' }), ...more })).status).toBe(status);
    expect([decided, reach]).toEqual([[], []]);
  });

  it('counts once', async () => {
    const activity = click('refuse', { refuse_reason: 'no' });
    expect((await said(activity)).status).toBe(200);
    expect((await said(activity)).status).toBe(409);
    expect(decided).toHaveLength(1);
  });
});

describe('a click on a card', () => {
  it('is handed to the gateway with what was on the screen, and answered with the card of now', async () => {
    answer = () => void (model = { ...MODEL, ask: untyped(null), state: untyped('approved'), revision: 2 });
    const { status, body } = await said(click('approve', { approve_reason: ' fits ', change_0: '300.50' }));
    expect(status).toBe(200);
    expect(body).toEqual({
      statusCode: 200,
      type: 'application/vnd.microsoft.card.adaptive',
      value: renderCard(model, LEAD),
    });
    expect(decided).toEqual([
      {
        person: LEAD,
        decision: { decision: 'approve', stage: 0, reason: 'fits', changes: { 'params.amount': 300.5 } },
        slack: { workspace: `teams:${ENTRA_TENANT}`, user: USER, channel: conversationOf(USER), message: sent.id },
        shown: { hash: posted.shownHash, renderer: 'teams/1' },
        responsibility: MODEL.responsibility,
      },
    ]);
  });

  it.each([
    ['refuse', { refuse_reason: 'no order' }, { decision: 'refuse', reason: 'no order' }],
    ['return', { return_reason: 'which order?' }, { decision: 'return', reason: 'which order?' }],
    [
      'extend',
      { extend_until: String(MODEL.controls.extendUntil) },
      { decision: 'extend', until: '2026-11-22T12:00:00.000Z' },
    ],
  ])('says %s', async (verb, inputs, decision) => {
    expect((await said(click(verb, inputs))).status).toBe(200);
    expect(decided).toMatchObject([{ decision: { ...decision, stage: 0 }, responsibility: null }]);
  });

  it.each<[string, () => object, string, string]>([
    ['has no reason where one is needed', () => click('refuse'), 'reason-required', 'needs a reason'],
    [
      'wants more time than policy gives',
      () => click('extend', { extend_until: '1900000000' }),
      'invalid-request',
      'after the present deadline',
    ],
    [
      'wants time that is none',
      () => click('extend', { extend_until: 'later' }),
      'invalid-request',
      'after the present deadline',
    ],
    ['changes a number to a word', () => click('approve', { change_0: 'many' }), 'invalid-request', 'Give a number'],
    [
      'is by somebody the directory does not know',
      () => click('refuse', { refuse_reason: 'x' }, 'aaaaaaaa-0000-4000-8000-0000000000ff'),
      'unauthenticated',
      'You are not known here',
    ],
    [
      'is by somebody without an id',
      () => ({ ...click('refuse', { refuse_reason: 'x' }), from: { id: '29:x' } }),
      'unauthenticated',
      'You are not known here',
    ],
    [
      'is on somebody else’s card',
      () => click('refuse', { refuse_reason: 'x' }, OTHER),
      'forbidden',
      'sent to somebody else',
    ],
    [
      'is on a card that we never sent',
      () => ({ ...click('refuse', { refuse_reason: 'x' }), replyToId: '1' }),
      'not-found',
      'not a card that Countersign sent',
    ],
  ])('that %s decides nothing, and is said and kept', async (_, activity, code, words) => {
    const { status, body } = await said(activity());
    expect(status).toBe(200);
    expect(body).toMatchObject({ statusCode: 200, type: 'application/vnd.microsoft.activity.message' });
    expect(body.value).toContain(words);
    expect(decided).toEqual([]);
    expect(refusals).toMatchObject([{ code }]);
  });

  it('about another action than the card’s, or another look of it, decides nothing', async () => {
    const activity = click('refuse', { refuse_reason: 'x' });
    activity.value.action.data.about.action = `act_${'f'.repeat(64)}`;
    expect((await said(activity)).body.value).toContain('not a card that Countersign sent');
    const older = click('refuse', { refuse_reason: 'x' });
    older.value.action.data.about.revision = 0;
    expect((await said(older)).body.value).toContain('It changed while you looked');
    expect(refusals.map(({ code }) => code)).toEqual(['not-found', 'conflict']);
    expect(decided).toEqual([]);
  });

  it('that is no card’s of ours decides nothing', async () => {
    const activity = click('refuse', { refuse_reason: 'x' });
    for (const value of [
      null,
      {},
      { action: { type: 'Action.Execute', verb: 'delete', data: activity.value.action.data } },
    ]) {
      const { body } = await said({ ...activity, id: `f:${JSON.stringify(value)}`, value });
      expect(body.value).toContain('none of our cards says');
    }
    expect(decided).toEqual([]);
  });

  it('is refused in the gateway’s words, and the gateway keeps that itself', async () => {
    answer = () => {
      throw new CountersignError('own-request', 'you asked for this yourself [x](https://evil.test)');
    };
    const { body } = await said(click('refuse', { refuse_reason: 'x' }));
    expect(body.value).toMatch(
      /^You cannot decide your own request\. You asked for this yourself x\(https:\/\/evil\.test\)\.\nNothing was changed/,
    );
    expect(refusals).toEqual([]);
    answer = () => {
      throw new Error('a password');
    };
    const failed = await said(click('refuse', { refuse_reason: 'x' }));
    expect(failed.body.value).toContain('nothing was sealed');
    expect(JSON.stringify(failed.body)).not.toContain('password');
  });
});

describe('where a person can be reached', () => {
  it('is remembered of an installation, until the app is removed', async () => {
    await said(fake.activity(USER, { type: 'installationUpdate', action: 'add' }));
    await said(fake.activity(USER, { type: 'installationUpdate', action: 'remove' }));
    await said(fake.activity(USER, { type: 'conversationUpdate', membersAdded: [{ id: `28:${APP_ID}` }] }));
    await said(fake.activity(USER, { type: 'conversationUpdate', membersAdded: [{ id: '29:somebody' }] }));
    const known = { tenant: ENTRA_TENANT, user: USER, serviceUrl: fake.serviceUrl, conversation: conversationOf(USER) };
    expect(reach).toEqual([
      { ...known, gone: false },
      { ...known, gone: true },
      { ...known, gone: false },
    ]);
  });
});

it.each([
  ['https://smba.trafficmanager.net/teams/', true],
  ['https://smba.trafficmanager.net/emea/72f988bf/', true],
  ['https://smba.trafficmanager.net.evil.test/', false],
  ['https://user@smba.trafficmanager.net/', false],
  ['http://smba.trafficmanager.net/teams/', false],
  ['https://smba.trafficmanager.net:8443/', false],
  ['https://evil.test/?https://smba.trafficmanager.net/', false],
  ['https://smba.trafficmanager.net/%2e%2e/', false],
  ['https://smba.trafficmanager.net/?x=1', false],
  ['no address', false],
])('calls %s: %s', (serviceUrl, allowed) => {
  expect(isAllowed(serviceUrl, ['https://smba.trafficmanager.net/'])).toBe(allowed);
});
