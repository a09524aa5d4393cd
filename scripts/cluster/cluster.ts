/** A whole cluster: a database and a namespace of its own on a platform, APIs, workers and Slack's service as processes, and one front. */
import express from 'express';
import { mkdirSync } from 'node:fs';
import { createSlackSandbox, type SlackSandbox } from '../../sandbox/slack/index.ts';
import { loadConfig, type Config } from '../../src/main/config.ts';
import { createLogger, openParts, type Parts } from '../../src/main/parts.ts';
import { openSandbox, SANDBOX_PATH } from '../../src/main/sandbox.ts';
import { openFront } from './front.ts';
import type { Platform } from './platform.ts';
import { insisting, startService, type ServiceKind, type ServiceProcess } from './services.ts';

export interface ClusterOptions {
  platform: Pick<Platform, 'temporalAddress' | 'createDatabase' | 'createNamespace'>;
  /** Of its database and namespace. */
  name: string;
  /** Keys, the first API key, the sandbox's state. Every process reads it. */
  dataDir: string;
  /** Settings of every process, over those that make it a part of this cluster. */
  env?: NodeJS.ProcessEnv;
  apis?: number;
  workers?: number;
  /** Whether there is a Slack, the sandbox or a real one, and a process for it. @default true */
  slack?: boolean;
  say?(line: string): void;
  /** Where processes find PostgreSQL and Temporal, when not there themselves; for faults between them. */
  through?: (at: { databaseUrl: string; temporalAddress: string }) => { databaseUrl: string; temporalAddress: string };
  command?: readonly [string, ...string[]];
}

export interface Cluster {
  url: string;
  config: Config;
  /** Opened on the same database and keys, to look at. */
  parts: Parts;
  sandbox: SlackSandbox | null;
  services: readonly ServiceProcess[];
  stop(): Promise<void>;
}

/** Starts them all at the same moment, as an orchestrator does. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { platform, name, dataDir, env = {}, apis = 2, workers = 2, slack = true, say = () => undefined } = options;
  const databaseUrl = await platform.createDatabase(name);
  await platform.createNamespace(name);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const own = { databaseUrl, temporalAddress: platform.temporalAddress };
  const settings = (at: typeof own): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    COUNTERSIGN_CACHE: process.env['COUNTERSIGN_CACHE'],
    COUNTERSIGN_DATA: dataDir,
    COUNTERSIGN_METRICS_PORT: '0',
    COUNTERSIGN_LOG_LEVEL: 'error',
    DATABASE_URL: at.databaseUrl,
    TEMPORAL_ADDRESS: at.temporalAddress,
    TEMPORAL_NAMESPACE: name,
    ...env,
  });
  const config = loadConfig(settings(own));
  const parts = await openParts(config, databaseUrl, createLogger('error'));
  const needsSandbox = slack && config.slack === null;
  const sandbox = needsSandbox ? (openSandbox(config, parts, createSlackSandbox) as SlackSandbox) : null;
  const local = sandbox === null ? {} : { [SANDBOX_PATH]: express().use(SANDBOX_PATH, sandbox.router) };
  // An identity provider may know the address beforehand.
  const front = await openFront(local, Number(env['COUNTERSIGN_PORT'] ?? 0));
  sandbox?.attachWebSocket(front.server);
  sandbox?.setUrl(front.url + SANDBOX_PATH);
  sandbox?.control.setRequestUrl(`${front.url}/slack/events`);
  const serviceEnv: NodeJS.ProcessEnv = {
    ...settings(options.through?.(own) ?? own),
    COUNTERSIGN_URL: front.url,
    ...(sandbox === null
      ? {}
      : {
          SLACK_BOT_TOKEN: sandbox.botToken,
          SLACK_SIGNING_SECRET: sandbox.signingSecret,
          SLACK_API_URL: `${front.url}${SANDBOX_PATH}/api/`,
        }),
    ...env,
  };
  const kinds: ServiceKind[] = [
    ...Array.from({ length: apis }, () => 'api' as const),
    ...Array.from({ length: workers }, () => 'worker' as const),
    ...(slack ? ['slack' as const] : []),
  ];
  const close = async (services: readonly ServiceProcess[]): Promise<void> => {
    await Promise.all(services.map((service) => service.end('SIGTERM')));
    sandbox?.close();
    await front.close();
    await parts.close();
  };
  const { command } = options;
  const started = await Promise.allSettled(
    kinds.map((kind) =>
      insisting(() => startService(kind, { env: serviceEnv, say, ...(command === undefined ? {} : { command }) })),
    ),
  );
  const services = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await close(services);
    throw failed.reason;
  }
  front.route({
    apis: services.flatMap(({ kind, url }) => (kind === 'api' && url !== null ? [url] : [])),
    slack: services.find(({ kind }) => kind === 'slack')?.url ?? null,
  });
  return { url: front.url, config, parts, sandbox, services, stop: () => close(services) };
}
