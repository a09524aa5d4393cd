/** The gateway as the slack room needs it: people by their Slack identity, messages we sent, decisions. */
import { CountersignError, DEFAULT_TENANT } from '../contract/index.ts';
import { wordOf } from '../approval/index.ts';
import type { ActionState } from '../engine/action-state.ts';
import { readActionState } from '../engine/seal.ts';
import { showAction } from '../notify/show.ts';
import { summaryOf } from '../engine/summary.ts';
import { keepShown } from '../notify/shown.ts';
import { mayFreeze } from './freezes.ts';
import type { FreezeView, Gateway } from './types.ts';
import { activeDelegation, type Caller } from '../identity/index.ts';
import type { FreezeItem, SlackDoor, SlackPerson } from './slack-types.ts';
import type { GatewayDeps } from './deps.ts';

/** How many decided actions the Home tab lists. */
const DECIDED = 20;

/** How often, and how long apart, a message that is not known yet is looked for: less than a click waits. */
const POSTED_TRIES = 4;
const POSTED_MS = 150;

/** What Slack's door reads beside the gateway. */
export type SlackDoorDeps = Pick<GatewayDeps, 'store' | 'directory' | 'log'>;

export function createSlackDoor(deps: SlackDoorDeps, gateway: Gateway, consoleUrl: string | null): SlackDoor {
  const { store, directory } = deps;
  const show = { store, directory, consoleUrl, now: () => new Date() };
  const callerOf = (tenant: string, person: string): Caller => ({
    kind: 'person',
    id: person,
    tenant,
    surfaces: ['**'],
    actors: [person],
    roles: [...(directory.current().person(person)?.roles ?? [])],
  });
  const states = async (tenant: string): Promise<ActionState[]> =>
    (await store.actions.waiting(tenant)).map((row) => row.view as unknown as ActionState);

  /** Emergencies that this person is to look back at, the first due first. */
  const reviewsOf = async ({ tenant, id }: SlackPerson): Promise<ActionState[]> => {
    const open = (await gateway.reviews(callerOf(tenant, id))).filter(
      ({ status, reviewers }) => status !== 'done' && reviewers.includes(id),
    );
    const stored = await Promise.all(open.map(({ action }) => readActionState(deps, tenant, action)));
    return stored.flatMap((one) => (one === null ? [] : [one.state]));
  };

  const freezeItem = ({ id, scope, value, reason, by, at }: FreezeView): FreezeItem => ({
    id,
    scope: scope === 'tenant' ? { kind: scope } : { kind: scope, value: value ?? '' },
    reason,
    by: directory.current().person(by)?.name ?? by,
    at: Math.floor(Date.parse(at) / 1000),
  });

  return {
    personOf(workspace, slackUser, verifiedEmail) {
      const person = directory.current().bySlack(workspace, slackUser, verifiedEmail);
      return Promise.resolve(person === null ? null : { tenant: DEFAULT_TENANT, id: person.id, name: person.name });
    },
    async posted(workspace, channel, ts) {
      let found = await store.slackMessages.find(workspace, channel, ts);
      // A click can be faster than the note of where Slack put the message.
      for (let tries = 0; found === null && tries < POSTED_TRIES; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, POSTED_MS));
        found = await store.slackMessages.find(workspace, channel, ts);
      }
      if (found === null) return null;
      const { tenant, action, revision, shownHash, person } = found;
      return { tenant, action, revision, shownHash, person };
    },
    async reshown({ workspace, channel, ts, revision, shownHash }) {
      const found = await store.slackMessages.find(workspace, channel, ts);
      if (found !== null) await store.slackMessages.put({ ...found, revision, shownHash });
    },
    async message(tenant, action) {
      const stored = await readActionState(deps, tenant, action);
      return stored === null ? null : showAction(show, stored.state, stored.state.approval);
    },
    keepShown: (message, action) => keepShown(deps, message, action),
    check: (tenant, action, person) => gateway.check(callerOf(tenant, person), action),
    async decide({ tenant, action, person, decision, slack, shown, responsibility }) {
      const stored = await readActionState(deps, tenant, action);
      // A broken glass has no approval to decide: what is said of it is its review.
      if (stored?.state.review == null || stored.state.approval !== null) {
        const evidence = { slack, shown, responsibility };
        return gateway.decide(callerOf(tenant, person), action, decision, 'slack', evidence);
      }
      const { decision: said, reason } = decision;
      if ((said !== 'approve' && said !== 'refuse') || reason === undefined) {
        throw new CountersignError('reason-required', 'say whether it was right, and why');
      }
      return gateway.review(callerOf(tenant, person), action, { right: said === 'approve', reason }, 'slack', {
        slack,
        shown,
      });
    },
    async find(person, idOrPrefix) {
      const prefix = idOrPrefix.startsWith('act_') ? idOrPrefix : `act_${idOrPrefix}`;
      const exact = await store.actions.get(person.tenant, prefix);
      const recent = exact === null ? await store.actions.list(person.tenant, { limit: 1000 }) : [exact];
      const matches = recent.filter(({ id }) => id.startsWith(prefix));
      const [only] = matches;
      if (only === undefined || matches.length > 1) return null;
      const state = only.view as unknown as ActionState;
      try {
        await gateway.action(callerOf(person.tenant, person.id), only.id, 0);
      } catch {
        return null;
      }
      return showAction(show, state, state.approval);
    },
    async waitingFor(person) {
      const now = new Date();
      const held = await store.delegations.active(person.tenant, now.toISOString());
      const mine = (await states(person.tenant))
        .filter(({ approval, surface }) => {
          if (approval?.status !== 'open' || approval.plan.excluded.includes(person.id)) return false;
          // Theirs, and that of whoever they stand in for, until a word is said for it.
          const standsIn = (from: string): boolean =>
            activeDelegation(held, { from, to: person.id, surface, now: now.getTime() }) !== null;
          return (approval.stages[approval.stage]?.approvers ?? []).some(
            (id) => (id === person.id || standsIn(id)) && wordOf(approval, approval.stage, id) === null,
          );
        })
        .sort((a, b) => (a.approval?.expiresAt ?? 0) - (b.approval?.expiresAt ?? 0));
      const all = [...(await reviewsOf(person)), ...mine];
      return Promise.all(all.map((state) => showAction(show, state, state.approval)));
    },
    async decidedBy(person) {
      const { records } = await store.records.list(
        person.tenant,
        { approver: person.id, type: 'decision' },
        undefined,
        DECIDED,
      );
      const items = await Promise.all(
        records.map(async ({ record }) => {
          const stored = await readActionState(deps, person.tenant, record.action);
          if (stored === null || record.type !== 'decision') return null;
          return {
            action: record.action,
            summary: summaryOf(stored.state),
            decision: record.decision,
            at: Math.floor(Date.parse(record.at) / 1000),
            state: stored.state.action.status,
            consoleUrl: consoleUrl === null ? null : `${consoleUrl}/console#${record.action}`,
          };
        }),
      );
      return items.filter((item) => item !== null);
    },
    async overdueReviews(person) {
      const overdue = await gateway.reviews(callerOf(person.tenant, person.id), 'overdue');
      return overdue.map(({ action, surface, actor, dueAt, reviewers }) => ({
        action,
        summary: `${surface} by ${actor}`,
        dueAt: Math.floor(Date.parse(dueAt) / 1000),
        reviewers: reviewers.map((id) => directory.current().person(id)?.name ?? id),
        consoleUrl: consoleUrl === null ? null : `${consoleUrl}/console#${action}`,
      }));
    },
    async delegate(person, { to, surfaces, until, slack }) {
      const people = directory.current();
      const stand = 'person' in to ? people.person(to.person) : people.bySlack(slack.workspace, to.slackUser);
      if (stand === null || !stand.active) {
        throw new CountersignError('not-found', 'that person is not in the directory; name one of its active people');
      }
      await gateway.delegate(callerOf(person.tenant, person.id), {
        to: stand.id,
        surfaces,
        until: new Date(until * 1000).toISOString(),
      });
      return { name: stand.name };
    },
    async freeze(person, { scope, reason, slack }) {
      const caller = callerOf(person.tenant, person.id);
      const value = scope.kind === 'tenant' ? {} : { value: scope.value };
      const { id } = await gateway.freeze(caller, { scope: scope.kind, ...value, reason }, 'slack', slack);
      return { id };
    },
    async freezes(person) {
      const caller = callerOf(person.tenant, person.id);
      return { freezes: (await gateway.freezes(caller)).map(freezeItem), mayLift: mayFreeze(caller) };
    },
    async lift(person, { id, reason, slack }) {
      const caller = callerOf(person.tenant, person.id);
      const found = (await gateway.freezes(caller)).filter((freeze) => freeze.id.startsWith(id));
      const [only] = found;
      if (only === undefined || found.length > 1) {
        throw new CountersignError('not-found', 'that is not one freeze in force; `freezes` lists them with their ids');
      }
      return freezeItem(await gateway.thaw(caller, only.id, reason, 'slack', slack));
    },
    async refused({ tenant, action, person, what, code, slack }) {
      deps.log.warn(
        { what, code, workspace: slack.workspace, slackUser: slack.user, action },
        'a Slack interaction was refused',
      );
      await store.attempts
        .add({
          tenant: tenant ?? DEFAULT_TENANT,
          action: action ?? 'unknown',
          by: person ?? `slack:${slack.workspace}/${slack.user}`,
          door: 'slack',
          code,
          at: new Date().toISOString(),
        })
        .catch((error: unknown) => deps.log.error({ err: error }, 'a refused attempt could not be kept'));
    },
  };
}
