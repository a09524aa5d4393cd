import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { App, ExpressReceiver, LogLevel, SocketModeReceiver } from '@slack/bolt';
import express from 'express';
import {
  manualClock,
  startSlackSandbox,
  type ManualClock,
  type RunningSandbox,
  type SandboxUser,
  type StartOptions,
} from '../../sandbox/slack/index.ts';

/** The people of the tests' workspace. */
export const USERS: SandboxUser[] = [
  { id: 'U0ANNA', name: 'anna', realName: 'Anna Berg', email: 'anna@acme.test', tz: 'Europe/Berlin' },
  { id: 'U0BOB', name: 'bob', realName: 'Bob Stone', email: 'bob@acme.test', tz: 'America/New_York' },
  { id: 'U0GONE', name: 'gone', realName: 'Gone Girl', email: 'gone@acme.test', tz: 'UTC', deleted: true },
  { id: 'U0GUEST', name: 'guest', realName: 'Guest One', email: 'guest@out.test', tz: 'UTC', isRestricted: true },
  { id: 'U0OTHER', name: 'other', realName: 'Other Team', email: 'o@other.test', tz: 'UTC', teamId: 'T0OTHER' },
];

export const CHANNELS: NonNullable<StartOptions['channels']> = [
  'finance-approvals',
  { name: 'not-joined', appIsMember: false },
  { name: 'secret', isPrivate: true, appIsMember: false },
  { name: 'board', isPrivate: true, members: ['U0ANNA'] },
];

export interface Bench {
  sandbox: RunningSandbox;
  app: App;
  clock: ManualClock;
  stop(): Promise<void>;
}

/** A sandbox and an unmodified Bolt app behind our own express, over signed HTTP. */
export async function httpBench(options: Partial<StartOptions> = {}): Promise<Bench> {
  const clock = manualClock();
  const sandbox = await startSlackSandbox({ users: USERS, channels: CHANNELS, clock, ...options });
  const web = express();
  const receiver = new ExpressReceiver({
    signingSecret: sandbox.signingSecret,
    endpoints: '/slack/events',
    app: web,
    logLevel: LogLevel.ERROR,
    processBeforeResponse: true,
  });
  const app = boltApp(sandbox, receiver);
  const server = createServer(web);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sandbox.control.setRequestUrl(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/slack/events`);
  return {
    sandbox,
    app,
    clock,
    stop: async () => {
      await sandbox.stop();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}

/** The same app over Socket Mode. */
export async function socketBench(options: Partial<StartOptions> = {}): Promise<Bench> {
  const clock = manualClock();
  const sandbox = await startSlackSandbox({ users: USERS, channels: CHANNELS, clock, ...options });
  const receiver = new SocketModeReceiver({
    appToken: sandbox.appToken,
    logLevel: LogLevel.ERROR,
    installerOptions: { clientOptions: { slackApiUrl: sandbox.apiUrl } },
  });
  const app = boltApp(sandbox, receiver);
  await app.start();
  return {
    sandbox,
    app,
    clock,
    stop: async () => {
      await app.stop();
      await sandbox.stop();
    },
  };
}

function boltApp(sandbox: RunningSandbox, receiver: ExpressReceiver | SocketModeReceiver): App {
  return new App({
    authorize: () =>
      Promise.resolve({
        botToken: sandbox.botToken,
        botId: 'B0SANDBOX',
        botUserId: 'U0SANDBOXBOT',
        teamId: 'T0SANDBOX',
      }),
    receiver,
    logLevel: LogLevel.ERROR,
    convoStore: false,
    clientOptions: { slackApiUrl: sandbox.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true },
  });
}

/** Calls the Web API as a form, like `WebClient`, and gives back status, headers and JSON. */
export async function callApi(
  sandbox: RunningSandbox,
  method: string,
  args: Record<string, unknown> = {},
  token: string | null = sandbox.botToken,
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const form = Object.entries(args).map(([key, value]): [string, string] => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const response = await fetch(sandbox.apiUrl + method, {
    method: 'POST',
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  const body = (text.startsWith('{') ? JSON.parse(text) : { text }) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}

/** A message with two buttons, as an approval would be. */
export const APPROVAL_BLOCKS = [
  { type: 'section', block_id: 'what', text: { type: 'mrkdwn', text: 'Refund *420.50 USD* to order 991?' } },
  {
    type: 'actions',
    block_id: 'decide',
    elements: [
      {
        type: 'button',
        action_id: 'approve',
        style: 'primary',
        text: { type: 'plain_text', text: 'Approve' },
        value: 'act_1',
      },
      {
        type: 'button',
        action_id: 'refuse',
        style: 'danger',
        text: { type: 'plain_text', text: 'Refuse' },
        value: 'act_1',
      },
    ],
  },
];
