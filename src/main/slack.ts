import type { Express } from 'express';
import express from 'express';
import { CountersignError, DEFAULT_TENANT } from '../contract/index.ts';
import { createSlackApp, createSlackNotifier, type SlackApp } from '../slack/index.ts';
import type { RunningService } from './api.ts';
import type { Config, SlackSettings } from './config.ts';
import type { Notifiers, Parts } from './parts.ts';
import { createSlackDoor, type SlackGateway } from '../gateway/slack-door.ts';
import { healthRoutes } from '../api/routes/health.ts';
import { problemHandler } from '../api/problem.ts';
import { identifyRequest } from '../api/request-id.ts';
import { Closers } from './listen.ts';
import { slackCheck } from './readiness.ts';
import { openServer, openService } from './serve.ts';
import { peopleOf, workspacesOf } from './slack-notifiers.ts';

/** The Slack apps that are connected to this process, one for each tenant that has a workspace. */
export interface SlackConnection {
  notifier: Notifiers;
  /** Mounts the endpoint for Slack's payloads, before any body parser. Does nothing in Socket Mode. */
  mount(app: Express): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Whether payloads can come in now. */
  connected(): boolean;
  /** Rejects when a workspace does not know our token, or does not answer. */
  test(): Promise<void>;
}

/** Path of the endpoint for the payloads of a tenant's workspace. */
export const eventsPath = (tenant: string): string =>
  tenant === DEFAULT_TENANT ? '/slack/events' : `/slack/events/${tenant}`;

/** Connects the Slack app of one tenant to the gateway. */
function connectSlack(
  parts: Parts,
  gateway: SlackGateway,
  { tenant, settings, consoleUrl }: { tenant: string; settings: SlackSettings; consoleUrl: string | null },
): SlackApp {
  const { botToken, signingSecret, appToken, apiUrl } = settings;
  const signers = (name: string) => parts.keys.forTenant(name);
  return createSlackApp({
    botToken,
    ...(signingSecret === undefined ? {} : { signingSecret }),
    ...(appToken === undefined ? {} : { appToken }),
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    door: createSlackDoor({ ...parts, signers }, gateway, { tenant, consoleUrl }),
    path: eventsPath(tenant),
    logger: parts.log,
  });
}

/** @param settings of the stack's own workspace */
export function connectWorkspaces(
  parts: Parts,
  gateway: SlackGateway,
  { settings, consoleUrl }: { settings: SlackSettings | null; consoleUrl: string | null },
): SlackConnection {
  const apps = [...workspacesOf(parts, settings)].map(([tenant, workspace]) => ({
    tenant,
    app: connectSlack(parts, gateway, { tenant, settings: workspace, consoleUrl }),
  }));
  const notifiers = new Map(
    apps.map(({ tenant, app: { client } }) => [
      tenant,
      createSlackNotifier({ client, people: peopleOf(parts, tenant), log: parts.log }),
    ]),
  );
  return {
    notifier: (tenant) => notifiers.get(tenant) ?? null,
    mount: (web) => apps.forEach(({ app }) => app.mount(web)),
    start: async () => void (await Promise.all(apps.map(({ app }) => app.start()))),
    stop: async () => void (await Promise.all(apps.map(({ app }) => app.stop()))),
    connected: () => apps.every(({ app }) => app.connected()),
    test: async () => void (await Promise.all(apps.map(({ app }) => app.client.auth.test()))),
  };
}

/** The Slack app alone: over HTTP it serves `POST /slack/events`, in Socket Mode it connects out. */
export async function startSlack(config: Config, io: { out(line: string): void }): Promise<RunningService> {
  const closers = new Closers();
  try {
    const { url, serve } = await openServer(config, closers);
    const { parts, gateway, temporal, watch, checks, show } = await openService(config, closers, io);
    if (workspacesOf(parts, config.slack).size === 0) {
      throw new CountersignError(
        'configuration',
        'the Slack service needs SLACK_BOT_TOKEN; without Slack, run `countersign start` for the sandbox',
      );
    }
    const slack = connectWorkspaces(parts, gateway, {
      settings: config.slack,
      consoleUrl: config.publicUrl ?? null,
    });
    closers.add(() => slack.stop());
    const web = express().disable('x-powered-by').use(identifyRequest);
    watch.observe(web);
    slack.mount(web);
    const ready = slackCheck(slack);
    web.use(healthRoutes([...checks, ready])).use(problemHandler(parts.log));
    serve(web);
    await slack.start();
    show([ready]);
    io.out(`countersign slack serves at ${url}`);
    return { url, failed: temporal.failed, stop: () => closers.closeAll() };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}
