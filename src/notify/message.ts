/** Builds the message about an action from its state. It holds nothing that policy does not disclose. */
import { ENGINE_ID, ENGINE_VIA } from '../contract/engine-names.ts';
import { waitingFor, type ApprovalState } from '../approval/index.ts';
import { actingChain, DEFAULT_DOORS, type Json, type JsonObject, type RecordActor } from '../contract/index.ts';
import type { Directory } from '../identity/index.ts';
import type {
  ApprovalMessage,
  MessageChangeable,
  MessageDecision,
  MessageParty,
  MessageStage,
  MessageState,
} from './approval-message.ts';
import type { ActionState } from '../store/action-state.ts';
import { rowsInWords } from '../contract/verdict.ts';
import { amountOf, asChanged, labelOf, moneyText, resourceOf, textOf } from '../engine/disclosed.ts';
import { RESPONSIBILITY } from '../contract/responsibility.ts';
import { notedFacts } from '../engine/noted.ts';
import { unreadOf } from './unread.ts';

export interface MessageContext {
  directory: Directory;
  /** Base URL of the console; null when there is none. */
  consoleUrl: string | null;
  lately: ApprovalMessage['lately'];
  alike: ApprovalMessage['alike'];
  /** Values that policy shows to approvers beside what it discloses, by their paths. */
  shownValues: JsonObject;
  /** The approval, where the workflow has a newer one than the stored state. */
  approval: ApprovalState | null;
}

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

/** Grows with every record, and with changes between two records. */
export const revisionOf = (state: ActionState, approval: ApprovalState | null): number =>
  revisionWith(state.action.records.length) + Math.min(99, approval?.unreachable.length ?? 0);

/** The least revision of an action with so many records; the store counts likewise (store/slack-messages). */
export const revisionWith = (records: number): number => records * 100;

function reviewStateOf({ review }: ActionState): MessageState {
  if (review?.status === 'done') return 'reviewed';
  return review?.status === 'overdue' ? 'review_overdue' : 'break_glass';
}

function stateOf(state: ActionState, approval: ApprovalState | null): MessageState {
  const { status, verdict } = state.action;
  switch (status) {
    case 'evaluating':
    case 'supervised':
      if (approval?.status === 'approved') return 'frozen';
      return approval !== null && approval.returned !== null ? 'returned' : 'waiting';
    case 'released':
      if (verdict?.basis === 'break_glass') return reviewStateOf(state);
      if (approval === null) return 'released';
      return Object.keys(approval.changes).length > 0 ? 'changed' : 'approved';
    default:
      return status;
  }
}

function partyOf(directory: Directory, actor: RecordActor): MessageParty {
  const type = actor.type === 'user' || actor.type === 'service' ? actor.type : 'agent';
  const { id, owner, unverified } = actor;
  return {
    id,
    // A name beside an unchecked id would make it look checked.
    name: unverified === true ? null : (directory.person(id)?.name ?? directory.workload(id)?.name ?? null),
    type,
    ...(unverified === true ? { unverified } : {}),
    ...(owner === undefined ? {} : { owner: owner === null ? null : displayName(directory, owner) }),
  };
}

function stagesOf(approval: ApprovalState | null, directory: Directory): MessageStage[] {
  if (approval === null) return [];
  return approval.stages.map((stage, i) => {
    const plan = approval.plan.stages[i];
    const refs = [...(plan?.refs ?? []), ...(plan?.escalate?.refs ?? [])];
    const approvals = stage.decisions.filter(({ decision }) => decision === 'approve').length;
    const refused = stage.decisions.some(({ decision }) => decision === 'refuse') && approval.status === 'refused';
    const quorum = plan?.quorum ?? 1;
    const stageState = (): MessageStage['state'] => {
      if (refused) return 'refused';
      if (i < approval.stage || approvals >= quorum) return 'done';
      return i === approval.stage ? 'open' : 'later';
    };
    return {
      name: stage.name,
      quorum,
      approvals,
      state: stageState(),
      people: stage.approvers.map((id) => ({ id, name: displayName(directory, id), ref: refOf(directory, refs, id) })),
      passkey: plan?.assurance === 'passkey',
    };
  });
}

export const displayName = (directory: Directory, id: string): string =>
  id === ENGINE_ID ? 'Countersign' : (directory.person(id)?.name ?? id);

/** A reason as people read it: directory ids are replaced by names. */
const named = (reason: string, directory: Directory): string =>
  reason.replace(/\buser:[\w.@+-]*\w/g, (id) => displayName(directory, id));

/** The reference by which policy names this person. */
function refOf(directory: Directory, refs: readonly string[], id: string): string {
  const person = directory.person(id);
  return (
    refs.find((ref) => ref === id) ??
    refs.find((ref) => ref.startsWith('group:') && person?.groups.includes(ref.slice(6)) === true) ??
    refs.find((ref) => ref.startsWith('role:') && person?.roles.includes(ref.slice(5)) === true) ??
    refs[0] ??
    id
  );
}

function decisionsOf(state: ActionState, approval: ApprovalState | null, directory: Directory): MessageDecision[] {
  const before = new Map(Object.entries(state.disclosed));
  const said = (approval?.stages ?? []).flatMap(({ decisions }) =>
    decisions.map(({ by, decision, reason, at, via, presence, delegation, changes }): MessageDecision => ({
      by,
      name: displayName(directory, by),
      decision,
      at: seconds(at),
      reason,
      via,
      ...(presence === undefined ? {} : { presence }),
      onBehalfOf: delegation === null ? null : displayName(directory, delegation.from),
      changes: changesOf(changes ?? {}, before),
    })),
  );
  const { status, updatedAt } = state.action;
  if (status === 'expired' || status === 'cancelled') {
    const by = status === 'expired' ? ENGINE_ID : (takenBackBy(state) ?? state.actor.id);
    said.push({
      by,
      name: displayName(directory, by),
      decision: status,
      at: seconds(updatedAt),
      reason: null,
      via: ENGINE_VIA,
      onBehalfOf: null,
      changes: [],
    });
  }
  return said.sort((a, b) => a.at - b.at);
}

/** The person who withdrew a held action. */
const takenBackBy = ({ withdrawnBy }: ActionState): string | null =>
  withdrawnBy?.startsWith('user:') === true ? withdrawnBy : null;

/** An approver's changes, relative to `values` after the previous approver; for undisclosed values, only that they changed. */
function changesOf(changes: JsonObject, values: Map<string, Json>): MessageDecision['changes'] {
  return Object.entries(changes).map(([path, value]) => {
    const from = values.get(path);
    const label = labelOf(path);
    if (from === undefined) return { label, from: UNDISCLOSED, to: UNDISCLOSED };
    values.set(path, value);
    const currency = path === 'params.amount' ? values.get('params.currency') : undefined;
    const text = (one: Json): string => (path === 'params.amount' ? moneyText(one, currency) : null) ?? textOf(one);
    return { label, from: text(from), to: text(value) };
  });
}

const UNDISCLOSED = 'not disclosed';

function kindOf(value: Json | undefined): MessageChangeable['kind'] {
  if (typeof value === 'number') return 'number';
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? 'decimal' : 'text';
}

function changeable(state: ActionState, disclosed: ActionState['disclosed']): MessageChangeable[] {
  return (state.plan?.mayChange ?? []).map((path) => {
    const value = disclosed[path];
    return {
      path,
      label: labelOf(path),
      kind: kindOf(value),
      value: value === undefined ? null : textOf(value),
    };
  });
}

export function approvalMessage(state: ActionState, context: MessageContext): ApprovalMessage {
  const message = wholeMessage(state, context);
  const unread = message.ask === 'decision' ? unreadOf(message, state) : [];
  return unread.length === 0 ? message : { ...message, unread };
}

function wholeMessage(state: ActionState, context: MessageContext): ApprovalMessage {
  const { directory, approval, shownValues } = context;
  const { action, plan } = state;
  const disclosed = { ...asChanged(state.disclosed, approval), ...shownValues };
  const open = action.status === 'supervised' && approval?.status === 'open';
  const reviewAsked = state.review !== null && state.review.status !== 'done' ? 'review' : null;
  return {
    tenant: action.tenant,
    action: action.id,
    revision: revisionOf(state, approval),
    surface: state.surface,
    verb: state.verb,
    state: stateOf(state, approval),
    ask: open ? 'decision' : reviewAsked,
    actor: partyOf(directory, state.actor),
    onBehalfOf: actingChain(state.actor)
      .slice(1)
      .map((party) => partyOf(directory, party)),
    resource: resourceOf(disclosed),
    amount: amountOf(disclosed),
    ...(state.effect == null ? {} : { effect: state.effect }),
    ...(action.reverses === undefined ? {} : { reverses: action.reverses }),
    ...collectable(state),
    facts: [
      ...executionFacts(state),
      ...notedFacts(state).map((fact) => ({ ...fact, value: named(fact.value, directory) })),
      ...disclosedFacts(disclosed),
    ],
    withheld: Math.max(
      0,
      state.withheld - Object.keys(shownValues).filter((path) => !(path in state.disclosed)).length,
    ),
    why: {
      policy: action.verdict?.policy ?? null,
      rule: action.verdict?.rule ?? null,
      reasons: (action.verdict?.reasons ?? []).map((reason) => named(reason, directory)),
    },
    otherwise: 'If nobody decides in time, it is refused and nothing happens.',
    expiresAt: open && approval !== null ? Math.floor(approval.expiresAt / 1000) : null,
    stages: stagesOf(approval, directory),
    stage: approval?.stage ?? 0,
    decisions: decisionsOf(state, approval, directory),
    controls: {
      approveReason: plan?.reason ?? 'optional',
      mayChange: changeable(state, disclosed),
      mayReturn: plan !== null,
      extendUntil: plan?.extendUpToMs == null ? null : Math.floor((state.openedAt + plan.extendUpToMs) / 1000),
      via: plan?.via ?? [...DEFAULT_DOORS],
      ...grantable(plan, disclosed),
    },
    responsibility: RESPONSIBILITY,
    lately: context.lately,
    limitsLeft: state.limits,
    alike: context.alike,
    notes: notesOf(approval, directory),
    review: reviewOf(state, directory),
    consoleUrl: context.consoleUrl === null ? null : `${context.consoleUrl}/console#${action.id}`,
    receipt: action.records.at(-1) ?? null,
    audience: {
      channels: state.notify.filter((name) => name.startsWith('#')),
      people: namedPeople(state, approval),
      asked: open && approval !== null ? waitingFor(approval) : [],
    },
  };
}

/** The standing approval that policy lets an approver give; the gateway checks it again. */
function grantable(plan: ActionState['plan'], disclosed: JsonObject): Pick<ApprovalMessage['controls'], 'mayGrant'> {
  const bounds = plan?.grants;
  if (bounds === undefined) return {};
  const { withinMs, uses, upTo } = bounds;
  const currency = disclosed['params.currency'];
  return {
    mayGrant: {
      within: Math.floor(withinMs / 1000),
      uses,
      upTo,
      currency: upTo !== null && typeof currency === 'string' ? currency : null,
    },
  };
}

/** Disclosed values without a fixed place in the message. */
const disclosedFacts = (disclosed: ActionState['disclosed']): ApprovalMessage['facts'] =>
  Object.entries(disclosed)
    .sort(([a], [b]) => Number(b.startsWith('resource.')) - Number(a.startsWith('resource.')))
    .filter(([path]) => !['params.amount', 'params.currency', 'resource.id', 'resource.type'].includes(path))
    .map(([path, value]) => ({ label: labelOf(path), value: textOf(value) }));

/** That the engine executes it, and the counts of its trial, from sealed facts. */
function executionFacts({ execution }: ActionState): ApprovalMessage['facts'] {
  if (execution === undefined) return [];
  const counted =
    execution.tables === undefined ? [] : [{ label: 'Would change', value: rowsInWords(execution.tables) }];
  return [...counted, { label: 'Executed by', value: `the engine, through ${execution.connector}` }];
}

/** Until when an approved action can be collected, while nobody has. */
function collectable({
  action,
  approval,
  heldUntil,
  collectUntil,
}: ActionState): Pick<ApprovalMessage, 'heldUntil' | 'collectUntil'> {
  if (action.status !== 'released' || approval === null || action.redeemedAt != null) return {};
  return {
    ...(heldUntil == null ? {} : { heldUntil: seconds(heldUntil) }),
    ...(collectUntil == null ? {} : { collectUntil: seconds(collectUntil) }),
  };
}

function reviewOf({ review }: ActionState, directory: Directory): ApprovalMessage['review'] {
  if (review === null) return null;
  const { reviewers, dueAt, result } = review;
  return {
    dueAt: Math.floor(dueAt / 1000),
    reviewers: reviewers.map((id) => displayName(directory, id)),
    result:
      result === null
        ? null
        : `${displayName(directory, result.by)}: it was ${result.right ? 'right' : 'wrong'}. ${result.reason}`,
  };
}

/** Unreachable people, escalations and extensions, as they happened. */
function notesOf(approval: ApprovalState | null, directory: Directory): string[] {
  const names = (people: readonly string[]): string => people.map((id) => displayName(directory, id)).join(', ');
  const notes = (approval?.history ?? []).flatMap((entry) => {
    switch (entry.type) {
      case 'unreachable':
        return [`${names(entry.people)} cannot be reached in Slack.`];
      case 'escalated':
        return [
          `${entry.people.length === 0 ? 'Nobody else could be asked' : `${names(entry.people)} was asked as well`}: ${CAUSES[entry.because]}.`,
        ];
      case 'extended':
        return [`${displayName(directory, entry.by)} gave it more time.`];
      case 'answered':
        return [`${displayName(directory, entry.by)} answered: ${entry.text}`];
      default:
        return [];
    }
  });
  if (approval?.status !== 'open') return notes;
  const unheard = approval.unreachable.length > 0 && waitingFor(approval).length === 0;
  return [
    ...notes,
    ...(approval.stages.some(({ short }) => short) ? ['Too few approvers are left to reach the quorum.'] : []),
    ...(unheard
      ? [
          'Nobody who may decide now can be reached in Slack: unless one of them decides elsewhere, it is refused in the end.',
        ]
      : []),
  ];
}

const CAUSES = {
  time: 'nobody had decided in time',
  unreachable: 'an approver cannot be reached',
  'too-few': 'too few approvers are left',
} as const;

/** People named one by one get a direct message; people of a group or role see the channel. With no channel, everyone asked is told. */
function namedPeople(state: ActionState, approval: ApprovalState | null): string[] {
  const addressees = state.notify.filter((name) => name.startsWith('user:'));
  const hasChannel = state.notify.some((name) => name.startsWith('#'));
  const asked = (approval?.stages ?? []).slice(0, (approval?.stage ?? 0) + 1).flatMap((stage, i) => {
    const plan = approval?.plan.stages[i];
    const refs = [...(plan?.refs ?? []), ...(stage.escalated ? (plan?.escalate?.refs ?? []) : [])];
    const byGroup = refs.some((ref) => ref.startsWith('group:') || ref.startsWith('role:'));
    return stage.approvers.filter((id) => !hasChannel || refs.includes(id) || !byGroup);
  });
  // An emergency is announced loudly: each reviewer is told in person, whatever channel there is.
  const reviewing = state.review === null || state.review.status === 'done' ? [] : state.review.reviewers;
  return [...new Set([...addressees, ...asked, ...reviewing])];
}
