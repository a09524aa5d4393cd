/** Notification webhooks: how Teams, e-mail or a pager is attached (contract section 5, `notify`). */
import { ApplicationFailure } from '@temporalio/activity';
import type { EventType, Json } from '../contract/index.ts';
import { approvalMessage, displayName } from './message.ts';
import type { WebhookEndpoint } from '../engine/deps.ts';
import type { NotifyDeps } from './deps.ts';
import type { ActionState } from '../store/action-state.ts';
import { asJson, eventsOf, type ActionEvent } from './events.ts';
import { happened, lifeWhen } from './happened.ts';
import { summaryOf } from '../engine/summary.ts';
import type { WebhookInput } from './types.ts';
import { isUrl, NAMED_ENDPOINT } from '../engine/webhook-endpoints.ts';

function endpointOf(deps: NotifyDeps, state: ActionState, target: string): Omit<WebhookEndpoint, 'always'> | null {
  const { tenant } = state.action;
  const at = /^notify\/(\d+)$/.exec(target)?.[1];
  const entry = at === undefined ? NAMED_ENDPOINT + target.replace(/^always\//, '') : (state.notify[Number(at)] ?? '');
  if (isUrl(entry)) return { name: 'policy', tenant, url: entry, secret: undefined, events: null, format: 'standard' };
  return deps.endpoints.find((one) => one.tenant === tenant && NAMED_ENDPOINT + one.name === entry) ?? null;
}

/** Tells one endpoint about a change, one message for each event. */
export async function webhook(deps: NotifyDeps, input: WebhookInput): Promise<void> {
  const life = await lifeWhen(deps, input.action);
  if (life === null) return;
  const { state } = life;
  const { id, status } = state.action;
  const endpoint = endpointOf(deps, state, input.target);
  if (endpoint === null) {
    deps.log.warn({ action: id, target: input.target }, 'a webhook that policy names is not in the settings file');
    return;
  }
  const effects = happened(input.news.effects, state.approval);
  const events = eventsOf(state, { ...input.news, effects, status }).filter(
    ({ type }) => endpoint.events === null || endpoint.events.includes(type),
  );
  for (const [index, event] of events.entries()) {
    try {
      await deps.webhooks.send({
        url: endpoint.url,
        secret: endpoint.secret,
        format: endpoint.format,
        messageId: `${input.messageId}.${index}`,
        body: { type: event.type, timestamp: input.at, data: dataOf(deps, state, event) },
      });
    } catch (error) {
      deps.log.warn({ action: id, endpoint: endpoint.name, event: event.type }, 'a notification could not be sent');
      if (error instanceof ApplicationFailure && error.nonRetryable === true) continue;
      throw error;
    }
  }
}

const WORDS: Record<EventType, string> = {
  'approval.asked': 'A decision is asked for',
  'approval.reminder': 'Still waiting for a decision',
  'approval.expiring': 'Running out: without a decision it is refused',
  'approval.escalated': 'Escalated: more people are asked',
  'approval.unreachable': 'An approver cannot be reached',
  'approval.short': 'Too few approvers are left',
  'approval.returned': 'An approver asked the requester a question',
  'approval.answered': 'The requester answered',
  'approval.extended': 'There is more time to decide',
  'approval.decided': 'Decided',
  'approval.expired': 'Nobody decided in time: refused',
  'approval.cancelled': 'The requester withdrew it',
  'break_glass.released': 'Released at once, in an emergency: a review is open',
  'review.reminder': 'The review of an emergency waits',
  'review.overdue': 'The review of an emergency is overdue',
  'review.done': 'The emergency was reviewed',
  'action.released': 'Released',
  'action.refused': 'Refused',
  'action.executed': 'Executed, as the executor reports',
  'action.failed': 'Failed, as the executor reports',
  'action.skipped': 'Skipped, as the executor reports',
  'action.unreported': 'The executor never reported what happened',
  'action.lapsed': 'Nobody redeemed the permit in time: nothing happened',
};

/** What policy discloses, one sentence for a person, and where to decide. */
function dataOf(deps: NotifyDeps, state: ActionState, event: ActionEvent): Record<string, Json> {
  const directory = deps.directory.current(state.action.tenant);
  const message = approvalMessage(state, {
    directory,
    consoleUrl: deps.consoleUrl,
    lately: null,
    alike: [],
    shownValues: {},
    approval: state.approval,
  });
  const { type: _type, people = [], by, ...more } = asJson(event) as Record<string, Json> & { people?: string[] };
  const who = typeof by === 'string' ? ` by ${displayName(directory, by)}` : '';
  const summary = `${state.surface}: ${summaryOf(state)}`;
  return {
    tenant: state.action.tenant,
    action: state.action.id,
    status: state.action.status,
    surface: state.surface,
    verb: state.verb,
    actor: state.actor.id,
    text: `${WORDS[event.type]}${who}: ${summary}`,
    summary,
    policy: state.action.verdict?.policy ?? null,
    rule: state.action.verdict?.rule ?? null,
    reasons: message.why.reasons,
    people: people.map((id) => ({ id, name: displayName(directory, id) })),
    ...(by === undefined ? {} : { by }),
    ...more,
    url: message.consoleUrl,
  };
}
