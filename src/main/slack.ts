import type { Express } from 'express';
import express from 'express';
import { CountersignError } from '../contract/index.ts';
import type { Notifier } from '../notify/notifier.ts';
import { createSlackApp, createSlackNotifier, createWebClient, type SlackPeople } from '../slack/index.ts';
import type { RunningService } from './api.ts';
import type { Config, SlackSettings } from './config.ts';
import type { Parts } from './parts.ts';
import { createSlackDoor, type SlackGateway } from '../gateway/slack-door.ts';
import { Closers, openServer, openService } from './serve.ts';

/** A Slack app that is connected to this process. */
export interface SlackConnection {
  notifier: Notifier;
  /** Mounts `POST /slack/events`; before any body parser. Nothing in Socket Mode. */
  mount(app: Express): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

function peopleOf({ directory }: Pick<Parts, 'directory'>): SlackPeople {
  return {
    gone: (person) => directory.current().person(person)?.active === false,
    slackOf: (person) => directory.current().person(person)?.slack ?? null,
    emailOf: (id) => {
      const people = directory.current();
      const person = people.person(id);
      return people.emailMatch && person?.slack === null ? person.email : null;
    },
  };
}

/** Tells people; takes nothing in. */
export function slackNotifier(parts: Pick<Parts, 'directory' | 'log'>, settings: SlackSettings): Notifier {
  const client = createWebClient(settings.botToken, parts.log, settings.apiUrl);
  return createSlackNotifier({ client, people: peopleOf(parts), log: parts.log });
}

/** The app that people click in, before the one gateway. */
export function connectSlack(
  parts: Parts,
  gateway: SlackGateway,
  options: { settings: SlackSettings; consoleUrl: string | null },
): SlackConnection {
  const { botToken, signingSecret, appToken, apiUrl } = options.settings;
  const app = createSlackApp({
    botToken,
    ...(signingSecret === undefined ? {} : { signingSecret }),
    ...(appToken === undefined ? {} : { appToken }),
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    door: createSlackDoor(parts, gateway, options.consoleUrl),
    logger: parts.log,
  });
  return {
    notifier: createSlackNotifier({ client: app.client, people: peopleOf(parts), log: parts.log }),
    mount: (web) => app.mount(web),
    start: () => app.start(),
    stop: () => app.stop(),
  };
}

/** The Slack app alone: over HTTP it serves `POST /slack/events`, in Socket Mode it connects out. */
export async function startSlack(config: Config, io: { out(line: string): void }): Promise<RunningService> {
  const closers = new Closers();
  try {
    const { url, serve } = await openServer(config, closers);
    const { parts, gateway, temporal } = await openService(config, closers, io);
    if (config.slack === null) {
      throw new CountersignError(
        'configuration',
        'the Slack service needs SLACK_BOT_TOKEN; without Slack, run `countersign start` for the sandbox',
      );
    }
    const slack = connectSlack(parts, gateway, { settings: config.slack, consoleUrl: config.publicUrl ?? null });
    closers.add(() => slack.stop());
    const web = express().disable('x-powered-by');
    slack.mount(web);
    web.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
    serve(web);
    await slack.start();
    io.out(`countersign slack serves at ${url}`);
    return { url, failed: temporal.failed, stop: () => closers.closeAll() };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}
