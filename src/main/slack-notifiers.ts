/** The Slack notifiers of the tenants. */
import { DEFAULT_TENANT } from '../contract/index.ts';
import type { Notifier } from '../notify/notifier.ts';
import { createSlackNotifier, createWebClient, type SlackPeople } from '../slack/index.ts';
import type { SlackSettings } from './config.ts';
import type { Notifiers, Parts } from './parts.ts';

export function peopleOf({ directory }: Pick<Parts, 'directory'>, tenant: string): SlackPeople {
  return {
    gone: (person) => directory.current(tenant).person(person)?.active === false,
    slackOf: (person) => directory.current(tenant).person(person)?.slack ?? null,
    emailOf: (id) => {
      const people = directory.current(tenant);
      const person = people.person(id);
      return people.emailMatch && person?.slack === null ? person.email : null;
    },
  };
}

/** Sends to the people of a tenant; receives nothing. */
export function slackNotifier(
  parts: Pick<Parts, 'directory' | 'log'>,
  settings: SlackSettings,
  tenant: string,
): Notifier {
  const client = createWebClient(settings.botToken, parts.log, settings.apiUrl);
  return createSlackNotifier({ client, people: peopleOf(parts, tenant), log: parts.log });
}

/** The workspaces of a process: the stack's own, where it has one, and those of its tenants. */
export const workspacesOf = (
  { tenants }: Pick<Parts, 'tenants'>,
  ofStack: SlackSettings | null,
): Map<string, SlackSettings> =>
  new Map([
    ...(ofStack === null ? [] : [[DEFAULT_TENANT, ofStack] as const]),
    ...tenants.flatMap(({ name, slack }) => (slack === null ? [] : [[name, slack] as const])),
  ]);

/** Sends to the people of each workspace; receives nothing. */
export function slackNotifiers(
  parts: Pick<Parts, 'directory' | 'log' | 'tenants'>,
  settings: SlackSettings | null,
): Notifiers {
  const notifiers = new Map(
    [...workspacesOf(parts, settings)].map(([tenant, workspace]) => [tenant, slackNotifier(parts, workspace, tenant)]),
  );
  return (tenant) => notifiers.get(tenant) ?? null;
}
