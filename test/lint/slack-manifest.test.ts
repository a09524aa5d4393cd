/** The Slack app's manifest asks for what the code calls and hears, and for nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readSources, ROOT } from '../support/sources.ts';

interface Manifest {
  features: { slash_commands: { command: string; url: string }[] };
  oauth_config: { scopes: { bot: string[] } };
  settings: {
    event_subscriptions: { request_url: string; bot_events: string[] };
    interactivity: { is_enabled: boolean; request_url: string };
  };
}

/** What Slack asks for each method (api.slack.com/methods); nothing where a token alone will do. */
const SCOPES: Record<string, readonly string[]> = {
  'auth.test': [],
  'chat.postEphemeral': ['chat:write'],
  'chat.postMessage': ['chat:write'],
  'chat.unfurl': ['links:write'],
  'chat.update': ['chat:write'],
  'conversations.history': ['channels:history', 'groups:history', 'im:history'],
  'conversations.join': ['channels:join'],
  'conversations.list': ['channels:read', 'groups:read'],
  'conversations.open': ['im:write'],
  'users.info': ['users:read'],
  'users.lookupByEmail': ['users:read.email'],
  'views.open': [],
  'views.publish': [],
  'views.update': [],
};

/** What Slack asks for an event (docs.slack.dev/reference/events); nothing where none is named. */
const HEARD: Record<string, readonly string[]> = { link_shared: ['links:read'] };

const manifest = parse(readFileSync(join(ROOT, 'deploy/slack/manifest.yaml'), 'utf8')) as Manifest;
const code = readSources('src/slack')
  .map(({ text }) => text)
  .join('\n');
const all = (pattern: RegExp): string[] =>
  [...new Set([...code.matchAll(pattern)].map(([, name = '']) => name))].sort();

describe('the manifest of the Slack app', () => {
  it('asks for the scopes of the methods that are called, and no others', () => {
    const called = all(/\bclient\.((?:auth|chat|conversations|users|views)\.\w+)\(/g);
    expect(called).toEqual(Object.keys(SCOPES).sort());
    const heard = all(/\bapp\.event\('(\w+)'/g).flatMap((event) => HEARD[event] ?? []);
    const needed = new Set([...called.flatMap((method) => SCOPES[method] ?? []), ...heard, 'commands']);
    expect([...manifest.oauth_config.scopes.bot].sort()).toEqual([...needed].sort());
  });

  it('hears the events and the command that are listened to', () => {
    expect(manifest.settings.event_subscriptions.bot_events).toEqual(all(/\bapp\.event\('(\w+)'/g));
    expect(manifest.features.slash_commands.map(({ command }) => command)).toEqual(all(/\bapp\.command\('([^']+)'/g));
  });

  it('sends everything to one address', () => {
    const { event_subscriptions, interactivity } = manifest.settings;
    const addresses = [
      event_subscriptions.request_url,
      interactivity.request_url,
      ...manifest.features.slash_commands.map(({ url }) => url),
    ];
    expect(new Set(addresses.map((url) => new URL(url).pathname))).toEqual(new Set(['/slack/events']));
    expect(interactivity.is_enabled).toBe(true);
  });
});
