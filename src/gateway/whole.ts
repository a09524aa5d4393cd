/** An action's full content for its approvers, and what a decision rests on. */
import { hashOf } from '../canonical/index.ts';
import {
  CountersignError,
  MODEL_RENDERER,
  OFFERED_KIND,
  RESPONSIBILITY,
  WHOLE_KIND,
  WHOLE_RENDERER,
  type DecisionInput,
  type JsonObject,
  type SealedRendering,
} from '../contract/index.ts';
import type { Whole, WholeModel } from '../contract/views/index.ts';
import { newExportChain, sealInChain } from '../engine/chain.ts';
import { notedFacts } from '../engine/noted.ts';
import type { Caller } from '../identity/index.ts';
import type { ApprovalMessage } from '../notify/notifier.ts';
import { showAction } from '../notify/show.ts';
import { keepModel } from '../notify/shown.ts';
import type { ActionState, Payload } from '../store/action-state.ts';
import { isRequester, mayAudit, notFound, visibleTo } from './access.ts';
import { delegationFor } from './approvers.ts';
import type { GatewayDeps } from './deps.ts';
import type { SlackEvidence } from './inputs.ts';
import { readAction } from './stored-action.ts';

/**
 * Opens the full content of an action to its approvers and reviewers, the requester's side, owners and auditors. The opening is sealed
 * first, so that an approval can rest on it.
 *
 * @throws CountersignError `not-found`; `conflict` when the request was erased
 */
export async function openWhole(deps: GatewayDeps, caller: Caller, id: string): Promise<Whole> {
  const { state, action } = await readAction(deps, caller.tenant, id);
  await mayOpen(deps, caller, state);
  const stored = await deps.store.payloads.read(caller.tenant, id);
  if (stored === null) throw new CountersignError('conflict', 'what was asked was erased; only its records are left');
  const whole = wholeModel(state, stored.payload);
  const hash = await keepModel(deps, { tenant: caller.tenant, action: id }, whole as JsonObject);
  const { hash: record } = await sealInChain(deps, {
    tenant: caller.tenant,
    type: 'export',
    chain: newExportChain(),
    after: null,
    at: deps.now().toISOString(),
    by: caller.id,
    reason: null,
    body: { what: 'whole', action: id, requestHash: action.requestHash, shown: hash, renderer: WHOLE_RENDERER },
    facets: { surface: state.surface, decision: 'opening' },
  });
  await deps.store.payloads.update(caller.tenant, id, (payload) => ({
    ...payload,
    openings: { ...payload.openings, [caller.id]: { hash, record } },
  }));
  return { whole, shown: { hash, renderer: WHOLE_RENDERER, opening: record } };
}

async function mayOpen(deps: GatewayDeps, caller: Caller, state: ActionState): Promise<void> {
  if (mayAudit(caller) || isRequester(caller, state)) return;
  if (caller.kind === 'person' && (await delegationFor(deps, caller, state)) !== null) return;
  if (caller.kind !== 'person') throw notFound();
  visibleTo(caller, state, state.action);
}

function wholeModel(state: ActionState, payload: Payload): WholeModel {
  const { action, surface, effect, approval, execution } = state;
  const noted = notedFacts(state);
  const { verdict } = action;
  const { callback: _callback, ...request } = payload.request;
  const decided = Object.entries(payload.decided ?? {}).sort(([a], [b]) => Number(a) - Number(b));
  const stages = approval?.stages ?? [];
  const changes = [...decided.map(([, made]) => made)].reduce<JsonObject>((before, made) => ({ ...before, ...made }), {
    ...(verdict?.changes ?? {}),
    ...payload.changes,
  });
  return {
    kind: WHOLE_KIND,
    tenant: action.tenant,
    action: action.id,
    surface,
    requestHash: action.requestHash,
    request: JSON.parse(JSON.stringify(request)) as JsonObject,
    changes,
    effect: effect ?? null,
    why: { policy: verdict?.policy ?? null, rule: verdict?.rule ?? null, reasons: verdict?.reasons ?? [] },
    execution: execution === undefined ? null : (JSON.parse(JSON.stringify(execution)) as JsonObject),
    ...(noted.length === 0 ? {} : { noted }),
    decisions: stages.flatMap((stage) =>
      stage.decisions.map(({ by, decision, reason, at, changes: made }) => ({
        by,
        stage: stage.name,
        decision,
        reason,
        at,
        changes: made,
      })),
    ),
    responsibility: RESPONSIBILITY,
  };
}

/**
 * What a decision rests on. An approval counts only where its approver could read everything: in the message, on every page of its form, or
 * in the current full content.
 *
 * @throws CountersignError `not-shown-whole`; `conflict` where it names another whole than the present one
 */
export async function restsOn(
  deps: GatewayDeps,
  caller: Caller,
  state: ActionState,
  { decision, shown: named }: Pick<DecisionInput, 'decision' | 'shown'>,
  evidence: SlackEvidence | undefined,
): Promise<SealedRendering | null> {
  const { tenant, id } = state.action;
  const message = await showAction({ ...deps, consoleUrl: null }, state, state.approval);
  const unread = message.unread ?? [];
  const opened = await openedBy(deps, caller, state);
  const read = evidence?.whole === true && unread.every(({ why }) => why === 'cut');
  if (decision === 'approve' && unread.length > 0 && !read && opened === null) throw notWhole(id, unread);
  if (evidence !== undefined && evidence.offered !== true) {
    return evidence.shown === null || opened === null ? evidence.shown : { ...evidence.shown, opening: opened.record };
  }
  if (named !== undefined) {
    if (named.renderer === WHOLE_RENDERER && named.hash !== opened?.hash) throw changed(id);
    return { ...named, ...(opened === null ? {} : { opening: opened.record }) };
  }
  if (opened !== null) return { hash: opened.hash, renderer: WHOLE_RENDERER, opening: opened.record };
  if (message.ask === null) return null;
  return { hash: await keepModel(deps, { tenant, action: id }, offered(message)), renderer: MODEL_RENDERER };
}

/** What a door without rendering shows of an action. Nothing in it changes while somebody looks for their passkey. */
function offered({ tenant, action, surface, verb, actor, onBehalfOf, resource, amount, ...message }: ApprovalMessage) {
  const { effect = null, facts, why, responsibility } = message;
  const subject = { tenant, action, surface, verb, actor, onBehalfOf, resource, amount, effect };
  return JSON.parse(JSON.stringify({ kind: OFFERED_KIND, ...subject, facts, why, responsibility })) as JsonObject;
}

/** The opening of this person, if it is of the action's current content and a sealed record names it; null otherwise. */
async function openedBy(
  deps: GatewayDeps,
  { tenant, id: person }: Caller,
  state: ActionState,
): Promise<{ hash: string; record: string } | null> {
  const stored = await deps.store.payloads.read(tenant, state.action.id);
  const opened = stored?.payload.openings?.[person];
  if (stored === null || opened === undefined) return null;
  if (hashOf(wholeModel(state, stored.payload) as JsonObject) !== opened.hash) return null;
  const sealed = (await deps.store.records.get(tenant, opened.record))?.record;
  const says =
    sealed?.type === 'export' &&
    sealed.by === person &&
    sealed.body['action'] === state.action.id &&
    sealed.body['shown'] === opened.hash;
  return says ? opened : null;
}

const notWhole = (id: string, unread: readonly { label: string }[]): CountersignError =>
  new CountersignError(
    'not-shown-whole',
    `an approval counts once everything was read, and this was not: ${[...new Set(unread.map(({ label }) => label))].join(', ')}; open the whole, in the console, with \`countersign show --whole ${id}\` or GET /v1/actions/{id}/whole, and decide then`,
    { extensions: { whole: `/v1/actions/${id}/whole` } },
  );

const changed = (id: string): CountersignError =>
  new CountersignError(
    'conflict',
    `the action is not what you opened, or you did not open it; open it again with \`countersign show --whole ${id}\``,
  );
