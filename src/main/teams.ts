/** The door and the notifier in Teams, for the stack's own tenant. */
import { DEFAULT_TENANT } from '../contract/index.ts';
import { createTeamsDoor } from '../gateway/teams-door.ts';
import type { SlackGateway } from '../gateway/slack-door.ts';
import type { ReadinessCheck } from '../api/routes/health.ts';
import type { Way } from '../notify/together.ts';
import {
  createTeamsApp,
  createTeamsAuth,
  createTeamsClient,
  createTeamsNotifier,
  workspaceOf,
  type TeamsApp,
} from '../teams/index.ts';
import type { Parts } from './parts.ts';
import { teamsCheck } from './readiness.ts';

export type TeamsParts = Pick<Parts, 'config' | 'directory' | 'log' | 'store'>;

const sources = { fetch: globalThis.fetch, now: Date.now };

/** Tells the people of a tenant in Teams; null where the tenant has no app. */
export function teamsWay({ config: { teams }, directory, log, store }: TeamsParts): {
  way(tenant: string): Way | null;
  checks: ReadinessCheck[];
} {
  if (teams === undefined) return { way: () => null, checks: [] };
  const client = createTeamsClient({ ...teams, ...sources });
  const workspace = workspaceOf(teams.tenant);
  const way: Way = {
    notifier: createTeamsNotifier({
      client,
      tenant: teams.tenant,
      serviceUrl: teams.serviceUrls[0],
      teamsOf: (id) => {
        const person = directory.current(DEFAULT_TENANT).person(id);
        return person?.active === true ? (person.teams ?? null) : null;
      },
      reachOf: (user) => store.teamsReach.find(teams.tenant, user),
      log,
    }),
    owns: (message) => message.workspace === workspace,
  };
  return { way: (tenant) => (tenant === DEFAULT_TENANT ? way : null), checks: [teamsCheck(client)] };
}

/** The handler of the Bot Framework's activities; null where there is no app. */
export function connectTeams(parts: Parts, gateway: SlackGateway, consoleUrl: string | null): TeamsApp | null {
  const { teams } = parts.config;
  if (teams === undefined) return null;
  const { appId, tenant, metadataUrl, serviceUrls } = teams;
  const signers = (name: string) => parts.keys.forTenant(name);
  return createTeamsApp({
    door: createTeamsDoor({ ...parts, signers }, gateway, { tenant: DEFAULT_TENANT, consoleUrl }),
    auth: createTeamsAuth({ appId, metadataUrl, ...sources }),
    appId,
    tenant,
    serviceUrls,
    log: parts.log,
  });
}
