/** The Slack sandbox, which stands in where no Slack is configured. The product knows only this interface of it. */
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Router } from 'express';
import { DEFAULT_TENANT } from '../contract/index.ts';
import { policiesOf, type Bundle, type Policy } from '../policy/index.ts';
import type { Config } from './config.ts';
import type { Parts } from './parts.ts';
import { loadBundle } from './policies.ts';

/** The interface of a sandbox; `sandbox/slack` implements it. */
export interface MountedSandbox {
  router: Router;
  botToken: string;
  signingSecret: string;
  attachWebSocket(server: Server): void;
  setUrl(url: string): void;
  control: { setRequestUrl(url: string): void };
  close(): void;
}

export type SandboxFactory = (options: {
  workspace: { id: string; name: string };
  users: { id: string; name: string; realName: string; email: string; tz: string }[];
  channels: string[];
  stateFile: string;
}) => MountedSandbox;

/** Where it is mounted. */
export const SANDBOX_PATH = '/slack-sandbox';

/** A workspace with the people of the directory and the channels that policies tell. */
export function openSandbox(
  config: Pick<Config, 'policiesDir' | 'dataDir'>,
  parts: Pick<Parts, 'directory'>,
  factory: SandboxFactory,
): MountedSandbox {
  const people = parts.directory.current(DEFAULT_TENANT).people();
  const workspace = people.find(({ slack }) => slack !== null)?.slack?.workspace ?? 'T0SANDBOX';
  return factory({
    workspace: { id: workspace, name: 'Slack sandbox' },
    users: people.flatMap(({ id, slack, name, email }) =>
      slack === null || slack.workspace !== workspace
        ? []
        : [{ id: slack.user, name: id.replace(/^user:|@.*$/g, ''), realName: name, email: email ?? '', tz: 'Etc/UTC' }],
    ),
    channels: channelsOf(loadBundle(config.policiesDir)),
    stateFile: join(config.dataDir, 'slack-sandbox.jsonl'),
  });
}

const toldBy = (notify: Policy['notify'] = []): string[] => (Array.isArray(notify) ? notify : notify.to);

function channelsOf(bundle: Bundle): string[] {
  const named = policiesOf(bundle).flatMap((policy) => [
    ...toldBy(policy.notify),
    ...policy.rules.flatMap((rule) => toldBy(rule.notify)),
  ]);
  return [...new Set(named.filter((name) => name.startsWith('#')).map((name) => name.slice(1)))].sort();
}
