/** `local-slack-linux-x64`, somebody else's Slack emulator, run for a test: it proves what our own sandbox could be wrong about. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { Directory } from '../../src/identity/index.ts';
import type { ApproverDriver, Shown } from './approver.ts';
import { eventually } from './eventually.ts';

export const LOCAL = {
  botToken: 'xoxb-local-slack',
  appToken: 'xapp-local-slack',
  signingSecret: '0123456789abcdef0123456789abcdef',
};
const CHANNEL = 'C0FINANCE';
const APP = 'A0COUNTERSIGN';

export interface LocalSlack {
  /** For `SLACK_API_URL`; known before the emulator itself runs, which wants to know where to deliver. */
  apiUrl: string;
  /** Starts the emulator with the people of a directory, delivering to `requestUrl`, or by Socket Mode where that is null. */
  start(directory: Directory, requestUrl: string | null): Promise<ApproverDriver>;
  stop(): Promise<void>;
}

interface Message {
  channel: string;
  ts: string;
  text: string;
  thread_ts?: string;
  ephemeral_to?: string;
  blocks?: { block_id?: string; elements?: { action_id?: string; value?: string }[] }[];
}

export async function openLocalSlack(binary: string): Promise<LocalSlack> {
  const folder = mkdtempSync(join(tmpdir(), 'local-slack-'));
  const target: { url: string | null } = { url: null };
  const front = await listen(frontDoor(() => target.url));
  let child: ChildProcess | undefined;
  let screen: Screen | undefined;
  return {
    apiUrl: `${addressOf(front)}/api/`,
    async start(directory, requestUrl) {
      const config = join(folder, 'workspace.json');
      writeFileSync(config, JSON.stringify(workspaceOf(directory, requestUrl)));
      child = spawn(binary, ['--config', config, '--port', '0', '--base-host', '127.0.0.1'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const url = await addressSaid(child);
      target.url = url;
      screen = await openScreen(url);
      const driver = driverOf(url, screen);
      if (requestUrl === null) await driver.wait(async () => screen?.connected === true || undefined);
      return driver;
    },
    async stop() {
      screen?.close();
      child?.kill();
      front.closeAllConnections();
      await new Promise((closed) => front.close(closed));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function workspaceOf(directory: Directory, requestUrl: string | null): object {
  const users = directory.people().flatMap(({ id, name, slack, email }) =>
    slack === null
      ? []
      : [
          {
            id: slack.user,
            name: id.replace(/^user:|@.*$/g, ''),
            real_name: name,
            ...(email === null ? {} : { email }),
          },
        ],
  );
  return {
    workspace: { name: 'Local', domain: 'local', teamId: 'T0SANDBOX' },
    users,
    channels: [{ id: CHANNEL, name: 'finance-approvals', members: ['U0COUNTERSIGN', ...users.map(({ id }) => id)] }],
    apps: [
      {
        ...LOCAL,
        appId: APP,
        botUserId: 'U0COUNTERSIGN',
        botName: 'countersign',
        ...(requestUrl === null ? { mode: 'socket' } : { mode: 'events', requestUrl }),
      },
    ],
  };
}

/**
 * Passes the Web API on, and adds to `users.info` what Slack says of every member and this emulator leaves out: that they are no guests.
 * Without it nobody may decide, for what Slack does not say is not taken for granted.
 */
function frontDoor(target: () => string | null): Server {
  return createServer((request, response) => {
    void (async () => {
      const to = target();
      if (to === null) return void response.writeHead(503).end();
      const { authorization = '', 'content-type': type = 'text/plain' } = request.headers;
      const answer = await fetch(`${to}${request.url ?? ''}`, {
        method: 'POST',
        headers: { authorization, 'content-type': type },
        body: await bodyOf(request),
      });
      const body = (await answer.json()) as { user?: object };
      if (request.url === '/api/users.info' && body.user !== undefined) {
        Object.assign(body.user, { is_restricted: false, is_ultra_restricted: false });
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })().catch(() => response.destroy());
  });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function listen(server: Server): Promise<Server> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function addressSaid(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (part: Buffer) => {
      said += part.toString();
      const url = /Web UI:\s+(http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`local-slack ended with ${String(code)}: ${said}`)));
  });
}

/** The socket of its web page: the only way to submit a modal. It has one stack of modals for everybody. */
interface Screen {
  send(act: object): void;
  modals: { blocks: { block_id?: string; element?: { action_id?: string; type?: string } }[] }[];
  errors: number;
  /** Whether the app is connected by Socket Mode: a click before that is lost. */
  connected: boolean;
  close(): void;
}

interface Said {
  t: string;
  state?: { apps: { connected: boolean }[] };
  connected?: boolean;
  stack?: Screen['modals'];
}

async function openScreen(url: string): Promise<Screen> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ui`);
  const screen: Screen = {
    send: (act) => socket.send(JSON.stringify(act)),
    modals: [],
    errors: 0,
    connected: false,
    close: () => socket.close(),
  };
  socket.on('message', (data: Buffer) => {
    const said = JSON.parse(data.toString()) as Said;
    if (said.t === 'init') screen.connected = said.state?.apps.some(({ connected }) => connected) === true;
    if (said.t === 'socket_status') screen.connected = said.connected === true;
    if (said.t === 'view') screen.modals = said.stack ?? [];
    if (said.t === 'view_errors') screen.errors++;
  });
  await new Promise<void>((open, failed) => {
    socket.once('open', open);
    socket.once('error', failed);
  });
  return screen;
}

function driverOf(url: string, screen: Screen): ApproverDriver {
  const messages = async (channel: string): Promise<Message[]> => {
    const answer = await fetch(`${url}/_control/messages/${channel}`);
    return ((await answer.json()) as { messages: Message[] }).messages;
  };
  const shown = ({ channel, ts, blocks }: Message): Shown => ({ channel, ts, blocks: blocks ?? [] });
  const wait: ApproverDriver['wait'] = (read) => eventually('local-slack shows it', read);
  return {
    wait,
    messageOf: (action) =>
      wait(async () => {
        const all = await messages(CHANNEL);
        const found = all.find(
          (one) =>
            one.thread_ts === undefined &&
            one.ephemeral_to === undefined &&
            JSON.stringify(one.blocks ?? []).includes(action),
        );
        return found && shown(found);
      }),
    until: (message, holds) =>
      wait(async () => {
        const now = (await messages(message.channel)).find(({ ts }) => ts === message.ts);
        return now !== undefined && holds(shown(now)) ? shown(now) : undefined;
      }),
    async click(user, message, actionId) {
      const action = (message.blocks as NonNullable<Message['blocks']>)
        .flatMap(({ block_id, elements = [] }) => elements.map((element) => ({ ...element, block_id })))
        .find(({ action_id }) => action_id === actionId);
      if (action === undefined) throw new Error(`the message has no button ${actionId}`);
      screen.send({ t: 'block_action', channel: message.channel, messageTs: message.ts, user, action, appId: APP });
    },
    async submit(user, values) {
      const modal = await wait(async () => screen.modals.at(-1));
      const errors = screen.errors;
      const state = Object.fromEntries(
        modal.blocks.flatMap(({ block_id = '', element }) => {
          const value = values[block_id];
          if (value === undefined || element?.action_id === undefined) return [];
          return [[block_id, { [element.action_id]: { type: element.type, value } }]];
        }),
      );
      screen.send({ t: 'view_submit', user, values: state });
      return wait(async () => {
        if (screen.errors > errors) return 'errors';
        return screen.modals.at(-1) === modal ? undefined : 'taken';
      });
    },
    privateAnswers: async (user) =>
      (await messages(CHANNEL)).filter(({ ephemeral_to }) => ephemeral_to === user).map(({ text }) => text),
  };
}
