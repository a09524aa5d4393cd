/** The Slack app: signed HTTP or Socket Mode, the same listeners behind both. An outage of Slack never stops the process. */
import { App, ExpressReceiver, SocketModeReceiver, type Receiver } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { Router, type Express } from 'express';
import { CountersignError } from '../contract/index.ts';
import type { Desk } from './desk.ts';
import type { SlackDoor } from '../gateway/slack-types.ts';
import { slackGuard } from './guard.ts';
import { register as registerActions } from './listeners/actions/index.ts';
import { register as registerCommands } from './listeners/commands/index.ts';
import { register as registerEvents } from './listeners/events/index.ts';
import { register as registerViews } from './listeners/views/index.ts';
import { sdkLogger, type SlackLog } from './log.ts';
import { createMetadataSeal } from './metadata.ts';
import { keepConnected, type SocketConnection } from './socket.ts';
import { createTasks } from './tasks.ts';
import { createUserCheck } from './users.ts';
import { clientOptions, createWebClient } from './web.ts';

export interface SlackAppOptions {
  botToken: string;
  /** For HTTP. Without this and without `appToken`, no payload could arrive. */
  signingSecret?: string;
  /** For Socket Mode, which is used when it is given. */
  appToken?: string;
  /** Default Slack's own. */
  slackApiUrl?: string;
  door: SlackDoor;
  logger: SlackLog;
  /** Milliseconds since the epoch; default the clock. */
  now?: () => number;
  /** Default `/slack/events`. */
  path?: string;
}

export interface SlackApp {
  mode: 'http' | 'socket';
  /** Takes `POST /slack/events` over HTTP. Before any body parser: the signature is over the untouched bytes. */
  mount(app: Express): void;
  /** Resolves immediately. Socket Mode connects in the background, and reconnects when it must. */
  start(): Promise<void>;
  /** Finishes work that was acknowledged but is not done. */
  stop(): Promise<void>;
  /** For the notifier: one try per call, ten seconds. */
  client: WebClient;
  /** Whether payloads can come in now. */
  connected(): boolean;
}

/** Milliseconds for a call while somebody waits. */
const CALL_MS = 2500;
/** Milliseconds for which a stop waits for running decisions. */
const STOP_MS = 10_000;

/** @throws CountersignError `configuration` */
export function createSlackApp(options: SlackAppOptions): SlackApp {
  const { botToken, signingSecret, appToken, slackApiUrl, door, logger: log } = options;
  const now = options.now ?? Date.now;
  const path = options.path ?? '/slack/events';
  const client = createWebClient(botToken, log, slackApiUrl, CALL_MS);
  const desk: Desk = {
    door,
    client,
    users: createUserCheck(client, now),
    dressing: { plain: false },
    seal: createMetadataSeal(signingSecret ?? botToken),
    tasks: createTasks(log),
    log,
    now,
  };
  const make = (receiver: Receiver): void => {
    const app = new App({
      receiver,
      // No token here, because Bolt would test it in the constructor, and end the process if Slack is down.
      authorize: () => Promise.resolve({ botToken }),
      convoStore: false,
      logger: sdkLogger(log),
      clientOptions: clientOptions(log, slackApiUrl, CALL_MS),
    });
    registerActions(app, desk);
    registerViews(app, desk);
    registerEvents(app, desk);
    registerCommands(app, desk);
  };
  const base = { client: createWebClient(botToken, log, slackApiUrl) };

  if (appToken !== undefined) {
    const receiver = new SocketModeReceiver({
      appToken,
      logger: sdkLogger(log),
      // Bolt's own reconnecting leaves a rejection unhandled when Slack cannot be reached.
      autoReconnectEnabled: false,
      installerOptions: { clientOptions: clientOptions(log, slackApiUrl, 10_000) },
    });
    make(receiver);
    let connection: SocketConnection | null = null;
    return {
      ...base,
      mode: 'socket',
      mount: () => undefined,
      start: () => {
        connection ??= keepConnected(receiver.client, log);
        return Promise.resolve();
      },
      async stop() {
        await desk.tasks.drained(STOP_MS);
        await connection?.close();
      },
      connected: () => connection?.open() ?? false,
    };
  }

  if (signingSecret === undefined) {
    throw new CountersignError(
      'configuration',
      'Slack needs SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN (Socket Mode)',
    );
  }
  const router = Router();
  make(new ExpressReceiver({ signingSecret, endpoints: path, router, logger: sdkLogger(log) }));
  return {
    ...base,
    mode: 'http',
    mount(app) {
      app.post(path, ...slackGuard({ signingSecret, log, now }));
      app.use(router);
    },
    start: () => Promise.resolve(),
    stop: () => desk.tasks.drained(STOP_MS),
    connected: () => true,
  };
}
