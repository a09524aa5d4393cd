/** The gateway as the teams room needs it: people by their identity in Microsoft Entra, cards we sent, decisions. */
import type { TeamsReach } from '../store/index.ts';
import {
  decisions,
  doorContext,
  messages,
  personHere,
  type DoorContext,
  type SlackDoorDeps,
  type SlackGateway,
} from './slack-door.ts';
import type { SlackDecisions, SlackMessages, SlackPerson } from './slack-types.ts';

/** What the teams room asks of the gateway. Messages and origins are named as in Slack, with the workspace `teams:<tenant>`. */
export interface TeamsDoor extends SlackDecisions, Omit<SlackMessages, 'find'> {
  /** @returns null for someone who is not in the directory, or has left. @throws CountersignError `unauthenticated` */
  personOf(entraTenant: string, user: string): Promise<SlackPerson | null>;
  /** Remembers where a user was heard of. */
  heard(reach: TeamsReach): Promise<void>;
}

export function createTeamsDoor(
  deps: SlackDoorDeps,
  gateway: SlackGateway,
  { tenant, consoleUrl }: Pick<DoorContext, 'tenant' | 'consoleUrl'>,
): TeamsDoor {
  const context = doorContext(deps, { door: 'teams', gateway, consoleUrl, tenant });
  const { posted, reshown, keepShown, message } = messages(context);
  return {
    posted,
    reshown,
    keepShown,
    message,
    ...decisions(context),
    async personOf(entraTenant, user) {
      const people = await deps.directory.fresh(tenant);
      return personHere(people, tenant, people.byTeams({ tenant: entraTenant, user }));
    },
    heard: (reach) => deps.store.teamsReach.put(reach),
  };
}
