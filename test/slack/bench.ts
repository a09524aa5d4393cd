/** A strict Slack, the app, the notifier, and in the place of the gateway a door that keeps everything in memory. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import {
  startSlackSandbox,
  type RunningSandbox,
  type SandboxUser,
  type StartOptions,
} from '../../sandbox/slack/index.ts';
import type { Notifier, PostedMessage, PostKeeper } from '../../src/notify/notifier.ts';
import { CountersignError, type Action } from '../../src/contract/index.ts';
import type { ApprovalMessage } from '../../src/slack/blocks/index.ts';
import {
  type SlackDelegation,
  type SlackFreeze,
  type GrantItem,
  type SlackLift,
  type RefusedAttempt,
  type SlackDecision,
  createSlackApp,
  createSlackNotifier,
  type SlackApp,
  type SlackDoor,
  type SlackLog,
} from '../../src/slack/index.ts';
import { WAITING, decision } from './messages.ts';
import { eventually } from '../support/eventually.ts';

export const TEAM = 'T0SANDBOX';

const user = (id: string, name: string, more: Partial<SandboxUser> = {}): SandboxUser => ({
  id,
  name,
  realName: name,
  email: `${name}@acme.test`,
  tz: 'Europe/Berlin',
  ...more,
});

export const USERS = [
  user('U0FINANCE', 'finance-lead'),
  user('U0CFO', 'cfo'),
  user('U0REQUESTER', 'requester'),
  user('U0STRANGER', 'nobody-of-ours'),
  user('U0GUEST', 'guest', { isRestricted: true }),
  user('U0GONE', 'gone', { deleted: true }),
  user('U0OTHER', 'other', { teamId: 'T0OTHER' }),
];

/** Everyone who is in the directory; guests and others too, so that only Slack's word keeps them out. */
const PEOPLE: Record<string, string> = {
  U0FINANCE: 'user:finance-lead@acme.test',
  U0CFO: 'user:cfo@acme.test',
  U0REQUESTER: 'user:requester@acme.test',
  U0GUEST: 'user:guest@acme.test',
  U0GONE: 'user:gone@acme.test',
  U0OTHER: 'user:other@acme.test',
};

/** A decision, and what it was about. */
type KeptDecision = SlackDecision & { tenant: string; action: string };

export interface MemoryDoor extends SlackDoor {
  messages: Map<string, ApprovalMessage>;
  rows: PostedMessage[];
  decisions: KeptDecision[];
  /** What was kept of what people were shown. */
  shown: ApprovalMessage[];
  attempts: RefusedAttempt[];
  delegations: SlackDelegation[];
  stops: SlackFreeze[];
  lifts: SlackLift[];
  /** Standing approvals in force. */
  standing: GrantItem[];
  frozen: boolean;
  mayLift: boolean;
  /** Milliseconds before a decision is accepted or refused. */
  slowMs: number;
  /** Thrown by every decision. */
  failure: CountersignError | null;
}

/** Decides as the engine does: the first valid decision wins. `changed` stands for the engine's own edit of the message. */
export function memoryDoor(changed: (message: ApprovalMessage) => Promise<void>): MemoryDoor {
  const check = (message: ApprovalMessage, person: string): void => {
    if (person === 'user:requester@acme.test') throw new CountersignError('own-request', 'you asked for this yourself');
    if (!message.stages.some(({ people }) => people.some(({ id }) => id === person))) {
      throw new CountersignError('not-an-approver', 'you are not one of the approvers that policy names');
    }
    const by = message.decisions.find((one) => one.by === person);
    if (by !== undefined) throw new CountersignError('already-decided', 'you decided this already');
    if (message.ask === null) throw new CountersignError('not-open', `this action is already ${message.state}`);
  };
  const decide = async (input: KeptDecision): Promise<Action> => {
    if (door.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, door.slowMs));
    if (door.failure !== null) throw door.failure;
    const message = door.messages.get(input.action) as ApprovalMessage;
    check(message, input.person);
    door.decisions.push(input);
    const done = input.decision.decision;
    const ends = done === 'approve' || done === 'refuse';
    const next: ApprovalMessage = {
      ...message,
      revision: message.revision + 1,
      ...(ends ? { state: done === 'approve' ? 'approved' : 'refused', ask: null } : {}),
      decisions: [
        ...message.decisions,
        decision({ by: input.person, name: input.person, decision: done, reason: input.decision.reason ?? null }),
      ],
    };
    door.messages.set(input.action, next);
    await changed(next);
    return {} as Action;
  };
  const door: MemoryDoor = {
    messages: new Map(),
    rows: [],
    decisions: [],
    shown: [],
    attempts: [],
    delegations: [],
    stops: [],
    lifts: [],
    standing: [],
    grants: () => Promise.resolve(door.standing),
    revokeGrant: (_person, id) => {
      if (!door.standing.some((one) => one.id === id)) {
        return Promise.reject(new CountersignError('not-found', 'there is no such standing approval'));
      }
      door.standing = door.standing.filter((one) => one.id !== id);
      return Promise.resolve();
    },
    frozen: false,
    mayLift: true,
    slowMs: 0,
    failure: null,
    readPlan: () => Promise.resolve(null),
    decidePlan: () => Promise.resolve([]),
    personOf: (workspace, id) => {
      const person = workspace === TEAM ? PEOPLE[id] : undefined;
      return Promise.resolve(person === undefined ? null : { tenant: 'default', id: person, name: person });
    },
    posted: (workspace, channel, ts) => {
      const row = door.rows.find((one) => one.workspace === workspace && one.channel === channel && one.ts === ts);
      const action = [...door.messages.values()][0]?.action ?? '';
      return Promise.resolve(row === undefined ? null : { tenant: 'default', action, ...row });
    },
    reshown: ({ channel, ts, revision, shownHash }) => {
      keep(door, {
        ...(door.rows.find((row) => row.channel === channel && row.ts === ts) as PostedMessage),
        revision,
        shownHash,
      });
      return Promise.resolve();
    },
    keepShown: (message) => Promise.resolve(void door.shown.push(message)),
    message: (_tenant, action) => Promise.resolve(door.messages.get(action) ?? null),
    read: (tenant, action) => {
      const message = door.messages.get(action);
      if (message === undefined) return Promise.resolve(null);
      return Promise.resolve({
        message,
        check: async (person) => check(message, person),
        decide: (input) => decide({ ...input, tenant, action }),
      });
    },
    find: (_person, prefix) =>
      Promise.resolve([...door.messages.values()].find(({ action }) => action.startsWith(prefix)) ?? null),
    waitingFor: () => Promise.resolve([...door.messages.values()].filter(({ ask }) => ask !== null)),
    decidedBy: () => Promise.resolve([]),
    overdueReviews: () => Promise.resolve([]),
    delegate: (_person, input) => {
      door.delegations.push(input);
      return Promise.resolve({ name: 'Chidi Forde' });
    },
    freeze: (_person, input) => {
      door.stops.push(input);
      const { scope, reason } = input;
      return Promise.resolve({ id: 'frz_1', scope, reason, by: 'Ines', at: 1e9, stops: null });
    },
    freezes: () =>
      Promise.resolve({
        freezes: door.frozen
          ? [{ id: 'frz_12345678', scope: { kind: 'tenant' }, reason: 'x', by: 'Ines', at: 1e9 }]
          : [],
        mayLift: door.mayLift,
      }),
    lift: (_person, input) => {
      door.lifts.push(input);
      return Promise.resolve({ id: input.id, scope: { kind: 'tenant' }, reason: 'x', by: 'Ines', at: 1e9 });
    },
    refused: (attempt) => {
      door.attempts.push(attempt);
      return Promise.resolve();
    },
  };
  return door;
}

export function keep(door: MemoryDoor, done: PostedMessage): void {
  const at = door.rows.findIndex(({ channel, ts }) => channel === done.channel && ts === done.ts);
  const before = door.rows[at];
  if (before === undefined) door.rows.push(done);
  else if (before.revision <= done.revision) door.rows[at] = done;
}

/** Keeps what is posted, and nothing of what is about to be. */
export const keeperOf = (done: (message: PostedMessage) => unknown): PostKeeper => ({
  begin: () => Promise.resolve(randomUUID()),
  refused: () => Promise.resolve(),
  done: async (message) => void (await done(message)),
});

export interface Bench {
  sandbox: RunningSandbox;
  control: RunningSandbox['control'];
  app: SlackApp;
  door: MemoryDoor;
  notifier: Notifier;
  lines: string[];
  /** Stands for the engine: shows a message wherever it is to be shown. */
  post(message: ApprovalMessage): Promise<void>;
  /** Puts a waiting action into the world; the message in `#finance-approvals`. */
  ask(more?: Partial<ApprovalMessage>): Promise<{ channel: string; ts: string }>;
  stop(): Promise<void>;
}

export async function openBench(mode: 'http' | 'socket', options: Partial<StartOptions> = {}): Promise<Bench> {
  const sandbox = await startSlackSandbox({ users: USERS, channels: ['finance-approvals', 'general'], ...options });
  const lines: string[] = [];
  const note = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger: SlackLog = { info: () => undefined, warn: note, error: note };
  const post = async (message: ApprovalMessage): Promise<void> => {
    door.messages.set(message.action, message);
    await notifier.post(
      message,
      door.rows,
      keeperOf((done) => keep(door, done)),
    );
  };
  const door = memoryDoor(post);
  const app = createSlackApp({
    botToken: sandbox.botToken,
    slackApiUrl: sandbox.apiUrl,
    door,
    logger,
    ...(mode === 'http' ? { signingSecret: sandbox.signingSecret } : { appToken: sandbox.appToken }),
  });
  const notifier = createSlackNotifier({
    client: app.client,
    log: logger,
    people: {
      slackOf: (person) => {
        const id = Object.entries(PEOPLE).find(([, name]) => name === person)?.[0];
        return id === undefined ? null : { workspace: TEAM, user: id };
      },
      emailOf: (person) => (person === 'user:mail-only@acme.test' ? 'cfo@acme.test' : null),
    },
  });
  const web = express();
  app.mount(web);
  web.use(express.json());
  const server = createServer(web);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  if (mode === 'http') {
    sandbox.control.setRequestUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`);
  }
  await app.start();
  if (mode === 'socket') await until(() => app.connected());
  return {
    sandbox,
    control: sandbox.control,
    app,
    door,
    notifier,
    lines,
    post,
    async ask(more = {}) {
      await post({ ...WAITING, ...more });
      const { channel, ts } = door.rows[0] as PostedMessage;
      return { channel, ts };
    },
    async stop() {
      await app.stop();
      await sandbox.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Waits for something that no event tells of. */
export const until = async (predicate: () => boolean): Promise<void> =>
  void (await eventually(predicate.toString(), () => predicate() || undefined, { everyMs: 25 }));
