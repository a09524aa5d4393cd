/** The parts of an action that its message cannot or may not show. */
import { MESSAGE_HOLDS } from '../contract/index.ts';
import { labelOf } from '../engine/disclosed.ts';
import type { ActionState } from '../store/action-state.ts';
import type { ApprovalMessage, MessageDecision } from './approval-message.ts';

type Unread = NonNullable<ApprovalMessage['unread']>[number];

/**
 * The parts to read before this may be approved: every part that a message would cut, and what policy depends on but does not show, unless
 * it accepts that.
 */
export function unreadOf(
  message: ApprovalMessage,
  { unseen = [], plan }: Pick<ActionState, 'unseen' | 'plan'>,
): Unread[] {
  const withheld =
    plan?.blind === true ? [] : unseen.map((path): Unread => ({ label: labelOf(path), why: 'withheld' }));
  return [...withheld, ...cutIn(message).map((label): Unread => ({ label, why: 'cut' }))];
}

function cutIn(message: ApprovalMessage): string[] {
  const { verb, amount, resource, actor, onBehalfOf, facts, why, decisions } = message;
  const holds = MESSAGE_HOLDS;
  const long = (label: string, text: string | null, max: number): string[] =>
    text !== null && text.length > max ? [label] : [];
  const many = (label: string, list: readonly unknown[], max: number): string[] => (list.length > max ? [label] : []);
  const cut = [
    ...long('action', verb, holds.verb),
    ...long('amount', amount, holds.amount),
    ...long('resource', resource, holds.resource),
    ...[actor, ...onBehalfOf].flatMap(({ id, name }) => long('who asks', name ?? id, holds.party)),
    ...many('who asks', onBehalfOf, holds.parties),
    ...facts.flatMap(({ label, value }) => [...long(label, label, holds.label), ...long(label, value, holds.value)]),
    ...facts.slice(holds.facts).map(({ label }) => label),
    ...why.reasons.flatMap((reason) => long('why', reason, holds.reason)),
    ...many('why', why.reasons, holds.reasons),
    ...decisions.flatMap((decision) => cutDecision(decision)),
    ...many('earlier decisions', decisions, holds.decisions),
  ];
  const all = [...facts.flatMap(({ label, value }) => [label, value]), ...why.reasons, ...decisions.flatMap(textsOf)];
  const sum = all.reduce((length, text) => length + text.length, 0);
  return [...new Set(cut.length === 0 && sum > holds.all ? ['everything together'] : cut)];
}

function cutDecision(decision: MessageDecision): string[] {
  const { word, changes, changed } = MESSAGE_HOLDS;
  const cut =
    (decision.reason?.length ?? 0) > word ||
    decision.changes.length > changes ||
    decision.changes.some(({ from, to }) => from.length > changed || to.length > changed);
  return cut ? ['earlier decisions'] : [];
}

const textsOf = ({ reason, changes }: MessageDecision): string[] => [
  reason ?? '',
  ...changes.flatMap(({ label, from, to }) => [label, from, to]),
];
