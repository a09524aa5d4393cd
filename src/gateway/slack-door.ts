/** The gateway as the slack room needs it: people by their Slack identity, messages we sent, decisions. */
import { UNKNOWN_CALLER } from '../contract/engine-names.ts';
import { CountersignError } from '../contract/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { InboxKind } from '../store/index.ts';
import { readKnown } from '../engine/life.ts';
import { readActionState } from '../engine/seal.ts';
import { readPlanLives } from '../engine/plans/read.ts';
import { showAction } from '../notify/show.ts';
import { showPlan } from '../notify/show-plan.ts';
import { keepShown } from '../notify/shown.ts';
import type { Caller, Directory, Person } from '../identity/index.ts';
import { notFound } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { mayFreeze } from './freezes.ts';
import { decidedBy, pendingFor } from './inbox.ts';
import type { SlackEvidence } from './inputs.ts';
import type { Plans } from './plans/types.ts';
import type {
  FreezeItem,
  SlackDecisions,
  SlackDoor,
  SlackGrants,
  SlackIdentity,
  SlackInbox,
  SlackMessages,
  SlackOrders,
  SlackPerson,
  SlackPlans,
} from './slack-types.ts';
import type { Actions, Approvals, Delegations, Freezes, FreezeView, Grants, Reviews } from './types.ts';

/** Most waiting items of each kind that the Home tab reads. It says how many more there are. */
const WAITING = 100;
/** How many decided actions the Home tab lists. */
const DECIDED = 20;

/** How often, and how far apart in milliseconds, to look for a message that is not known yet. Together it is less than a click waits. */
const POSTED_TRIES = 4;
const POSTED_MS = 150;

/** What Slack's door reads beside the gateway. */
export type SlackDoorDeps = Pick<GatewayDeps, 'store' | 'signers' | 'register' | 'directory' | 'log' | 'readModel'>;

/** The parts of the gateway that Slack uses. */
export type SlackGateway = Pick<Actions, 'action'> &
  Pick<Plans, 'plan' | 'decidePlan'> &
  Approvals &
  Reviews &
  Delegations &
  Freezes &
  Grants;

/** What every part of the door works with. */
export interface DoorContext {
  door: 'slack' | 'teams';
  deps: SlackDoorDeps & { now(): Date };
  gateway: SlackGateway;
  consoleUrl: string | null;
  /** The tenant whose workspace this is. This door leads to no other tenant. */
  tenant: string;
}

/** The door of one tenant's workspace. */
export function doorContext(
  { store, signers, register, directory, log, readModel }: SlackDoorDeps,
  rest: Omit<DoorContext, 'deps'>,
): DoorContext {
  const now = (): Date => new Date();
  return { deps: { store, signers, register, directory, log, readModel, now }, ...rest };
}

export function createSlackDoor(
  deps: SlackDoorDeps,
  gateway: SlackGateway,
  { tenant, consoleUrl }: Pick<DoorContext, 'tenant' | 'consoleUrl'>,
): SlackDoor {
  const context = doorContext(deps, { door: 'slack', gateway, consoleUrl, tenant });
  return {
    ...identity(context),
    ...messages(context),
    ...decisions(context),
    ...plans(context),
    ...inbox(context),
    ...orders(context),
    ...grants(context),
  };
}

function callerOf({ deps, ...door }: DoorContext, { tenant, id }: Pick<SlackPerson, 'tenant' | 'id'>): Caller {
  if (tenant !== door.tenant) throw notFound();
  const person = deps.directory.current(tenant).person(id);
  const [roles, groups] = [[...(person?.roles ?? [])], [...(person?.groups ?? [])]];
  return { kind: 'person', id, tenant, surfaces: ['**'], actors: [id], roles, groups };
}

const show = ({ deps, consoleUrl }: DoorContext, state: ActionState) =>
  showAction({ ...deps, consoleUrl }, state, state.approval);

const linkTo = ({ consoleUrl }: DoorContext, action: string): string | null =>
  consoleUrl === null ? null : `${consoleUrl}/console#${action}`;

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

/** The person behind an account of a door, for whom the identity provider has not ended the sessions. @throws CountersignError `unauthenticated` */
export function personHere(people: Directory, tenant: string, person: Person | null): SlackPerson | null {
  if (person !== null && people.stopped(person.id)) {
    throw new CountersignError(
      'unauthenticated',
      'your identity provider ended your sessions; sign in to Countersign anew, then decide',
    );
  }
  return person === null ? null : { tenant, id: person.id, name: person.name };
}

const identity = ({ deps: { directory }, tenant }: DoorContext): SlackIdentity => ({
  async personOf(workspace, slackUser, verifiedEmail) {
    const people = await directory.fresh(tenant);
    return personHere(people, tenant, people.bySlack(workspace, slackUser, verifiedEmail));
  },
});

/** Messages that we sent, over whichever door. */
export function messages(context: DoorContext): SlackMessages {
  const { deps, gateway } = context;
  const { slackMessages, actions } = deps.store;
  return {
    async posted(workspace, channel, ts) {
      let message = await slackMessages.find(workspace, channel, ts);
      // A click can be faster than the note of where Slack put the message.
      for (let tries = 0; message === null && tries < POSTED_TRIES; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, POSTED_MS));
        message = await slackMessages.find(workspace, channel, ts);
      }
      if (message === null) return null;
      const { tenant, action, revision, shownHash, person } = message;
      return { tenant, action, revision, shownHash, person };
    },
    async reshown({ workspace, channel, ts, revision, shownHash }) {
      const message = await slackMessages.find(workspace, channel, ts);
      if (message !== null) await slackMessages.put({ ...message, revision, shownHash });
    },
    async message(tenant, action) {
      if (tenant !== context.tenant) return null;
      const known = await readKnown(deps, tenant, action);
      return known === null ? null : show(context, known.state);
    },
    keepShown: (message, action) => keepShown(deps, message, action),
    async find(person, idOrPrefix) {
      const prefix = idOrPrefix.startsWith('act_') ? idOrPrefix : `act_${idOrPrefix}`;
      const named = await actions.get(person.tenant, prefix);
      const recent = named === null ? await actions.list(person.tenant, { limit: 1000 }) : [named];
      const matches = recent.filter(({ id }) => id.startsWith(prefix));
      const [only] = matches;
      if (only === undefined || matches.length > 1) return null;
      try {
        await gateway.action(callerOf(context, person), only.id, 0);
      } catch {
        return null;
      }
      return show(context, only.view);
    },
  };
}

/** Deciding, over whichever door. */
export const decisions = (context: DoorContext): SlackDecisions => ({
  async read(tenant, action) {
    const { deps, gateway } = context;
    const stored = await readActionState(deps, tenant, action);
    if (stored === null) return null;
    const { state } = stored;
    return {
      message: await show(context, state),
      check: (person) => gateway.check(callerOf(context, { tenant, id: person }), state),
      decide: ({ person, decision, ...evidence }) =>
        gateway.decideOrReview(callerOf(context, { tenant, id: person }), state, decision, context.door, evidence),
    };
  },
  async refused({ tenant, action, person, what, code, slack }) {
    const { log, store, now } = context.deps;
    const { workspace, user } = slack;
    const where = context.door === 'slack' ? 'a Slack' : 'a Teams';
    log.warn({ what, code, workspace, user, action }, `${where} interaction was refused`);
    await store.attempts
      .add({
        tenant: tenant ?? context.tenant,
        action: action ?? UNKNOWN_CALLER,
        // The workspaces of Teams say so themselves.
        by: person ?? `${context.door === 'slack' ? 'slack:' : ''}${workspace}/${user}`,
        door: context.door,
        code,
        at: now().toISOString(),
      })
      .catch((error: unknown) => log.error({ err: error }, 'a refused attempt could not be kept'));
  },
});

const plans = (context: DoorContext): SlackPlans => ({
  async readPlan(person, plan) {
    const { deps, gateway, consoleUrl } = context;
    // Throws where it is not theirs to see.
    await gateway.plan(callerOf(context, person), plan, 0);
    const lives = await readPlanLives(deps, context.tenant, plan);
    return lives === null ? null : showPlan({ ...deps, consoleUrl }, lives);
  },
  async decidePlan(tenant, plan, { person, decision, slack, responsibility, whole }) {
    const caller = callerOf(context, { tenant, id: person });
    const evidence: SlackEvidence = { slack, shown: null, offered: true, whole, responsibility };
    const { decided } = await context.gateway.decidePlan(caller, plan, decision, 'slack', () => evidence);
    return decided.flatMap(({ index, detail }) => (detail === null ? [] : [`${index + 1}: ${detail}`]));
  },
});

function inbox(context: DoorContext): SlackInbox {
  const { deps, gateway } = context;
  return {
    async waitingFor(person) {
      const query = { cursor: undefined, limit: WAITING };
      const listed = (kind: InboxKind) => pendingFor(deps, callerOf(context, person), { ...query, kinds: [kind] });
      const [reviews, actions] = await Promise.all([listed('review'), listed('decide')]);
      return Promise.all([...reviews.items, ...actions.items].map(({ state }) => show(context, state)));
    },
    async decidedBy(person) {
      const decided = await decidedBy(deps, callerOf(context, person), DECIDED);
      return decided.map(({ action, summary, decision, at, status }) => ({
        action,
        summary,
        decision,
        at: seconds(at),
        state: status,
        consoleUrl: linkTo(context, action),
      }));
    },
    async overdueReviews(person) {
      const overdue = await gateway.reviews(callerOf(context, person), 'overdue');
      const people = deps.directory.current(person.tenant);
      return overdue.map(({ action, surface, actor, dueAt, reviewers }) => ({
        action,
        summary: `${surface} by ${actor}`,
        dueAt: seconds(dueAt),
        reviewers: reviewers.map((id) => people.person(id)?.name ?? id),
        consoleUrl: linkTo(context, action),
      }));
    },
  };
}

const grants = (context: DoorContext): SlackGrants => ({
  async grants(person) {
    const people = context.deps.directory.current(context.tenant);
    const all = await context.gateway.grants(callerOf(context, person));
    return all.map(({ id, by, verb, surface, actor, until, uses, used, upTo, sum, currency }) => ({
      id,
      by: people.person(by)?.name ?? by,
      verb,
      surface,
      actor,
      until: seconds(until),
      uses,
      used,
      upTo,
      sum,
      currency: currency?.toUpperCase() ?? null,
    }));
  },
  revokeGrant: (person, id) => context.gateway.revokeGrant(callerOf(context, person), id, null),
});

function orders(context: DoorContext): SlackOrders {
  const { deps, gateway } = context;
  const itemOf = ({ id, scope, value, reason, by, at }: FreezeView): FreezeItem => ({
    id,
    scope: scope === 'tenant' ? { kind: scope } : { kind: scope, value: value ?? '' },
    reason,
    by: deps.directory.current(context.tenant).person(by)?.name ?? by,
    at: seconds(at),
  });
  return {
    async delegate(person, { to, surfaces, until, slack }) {
      const people = deps.directory.current(person.tenant);
      const stand = 'person' in to ? people.person(to.person) : people.bySlack(slack.workspace, to.slackUser);
      if (stand === null || !stand.active) {
        throw new CountersignError('not-found', 'that person is not in the directory; name one of its active people');
      }
      await gateway.delegate(callerOf(context, person), {
        to: stand.id,
        surfaces,
        until: new Date(until * 1000).toISOString(),
      });
      return { name: stand.name };
    },
    async freeze(person, { scope, unknown, reason, slack }) {
      const value = scope.kind === 'tenant' ? {} : { value: scope.value };
      const input = { scope: scope.kind, ...value, reason, ...(unknown ? { unknown } : {}) };
      const made = await gateway.freeze(callerOf(context, person), input, 'slack', slack);
      return { ...itemOf(made), stops: made.stops ?? null };
    },
    async freezes(person) {
      const caller = callerOf(context, person);
      return { freezes: (await gateway.freezes(caller)).map(itemOf), mayLift: mayFreeze(caller) };
    },
    async lift(person, { id, reason, slack }) {
      const caller = callerOf(context, person);
      const matches = (await gateway.freezes(caller)).filter((freeze) => freeze.id.startsWith(id));
      const [only] = matches;
      if (only === undefined || matches.length > 1) {
        throw new CountersignError('not-found', 'that is not one freeze in force; `freezes` lists them with their ids');
      }
      return itemOf(await gateway.thaw(caller, only.id, reason, 'slack', slack));
    },
  };
}
