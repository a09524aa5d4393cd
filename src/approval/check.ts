/** Decides which events count. It is synchronous, because the workflow's update validator may not wait. */
import { at, current, isExcluded, wordOf } from './people.ts';
import { faultOfChanges } from './changes.ts';
import { settle } from './timers.ts';
import type { ApprovalRefusal, ApprovalState, DecideEvent, ApprovalEvent } from './types.ts';

/** How many questions and extensions one approval allows, so that its state stays small. */
const CHANGES_MAX = 50;

const iso = (ms: number): string => new Date(ms).toISOString();
const blank = (text: string | null): boolean => text === null || text.trim() === '';
const refuse = (code: ApprovalRefusal['code'], message: string): ApprovalRefusal => ({ code, message });

/** Why the event would change nothing at `now`, or null when it counts. Ticks and people out of reach always do. */
export function checkEvent(state: ApprovalState, event: ApprovalEvent, now: number): ApprovalRefusal | null {
  if (event.type === 'tick' || event.type === 'unreachable') return null;
  const present = settle(state, now).state;
  if (present.status !== 'open') return refuse('not-open', howItClosed(present));
  switch (event.type) {
    case 'cancel':
      return null;
    case 'answer':
      if (present.returned === null) return refuse('not-open', 'no question waits for an answer');
      return blank(event.text) ? refuse('invalid-request', 'the answer is empty; write what was asked for') : null;
    case 'decide':
      return checkPerson(present, event) ?? checkDoor(present, event) ?? checkContent(present, event);
  }
}

/** A late click is told who decided, and how. */
function howItClosed(state: ApprovalState): string {
  const closed = state.history.findLast((entry) => entry.type === 'closed');
  const when = closed === undefined ? '' : ` at ${iso(closed.at)}`;
  const who = closed?.type === 'closed' && closed.by !== null ? ` by ${closed.by}` : '';
  if (state.status === 'expired') return `this action expired undecided${when}, so it is refused; ask for it anew`;
  if (state.status === 'cancelled') return `this action was withdrawn${who}${when}; nothing is left to decide`;
  return `this action was already ${state.status}${who}${when}; nothing was changed`;
}

function checkPerson(state: ApprovalState, event: DecideEvent): ApprovalRefusal | null {
  const { by, delegation } = event;
  if (isExcluded(state, by)) {
    return refuse(
      'own-request',
      'you asked for this yourself, or it is asked on your behalf; somebody else must decide',
    );
  }
  const standsFor = [...(delegation === null ? [] : [delegation.from]), ...(event.standsInFor ?? [])];
  const excludedPrincipal = standsFor.find((person) => isExcluded(state, person));
  if (excludedPrincipal !== undefined) {
    return refuse(
      'own-request',
      `you stand in for ${excludedPrincipal}, whose request this is; somebody else must decide`,
    );
  }
  if (!event.standing) {
    return refuse('not-an-approver', 'you, or the person you decide for, may no longer decide; ask another approver');
  }
  const seen = event.stage ?? state.stage;
  if (!Number.isInteger(seen) || seen < 0 || seen >= state.stages.length) {
    return refuse('invalid-request', `there is no stage ${seen}; they are counted from 0`);
  }
  const used = event.decision === 'approve' || event.decision === 'refuse' ? usedWord(state, seen, event) : null;
  if (used !== null) return refuse('already-decided', used);
  const { stage } = current(state);
  if (seen !== state.stage) {
    const { name } = at(state, seen).stage;
    const why = seen < state.stage ? 'is complete' : 'is not open yet';
    return refuse('not-open', `stage \`${name}\` ${why}; stage \`${stage.name}\` waits for a decision`);
  }
  if (stage.approvers.includes(delegation?.from ?? by)) return null;
  const later = state.stages.slice(state.stage + 1).find(({ approvers }) => approvers.includes(by));
  return refuse(
    'not-an-approver',
    later === undefined
      ? `you are not one of the approvers of stage \`${stage.name}\`: ${someOf(stage.approvers)}`
      : `stage \`${stage.name}\` is open; you are asked in stage \`${later.name}\`, after it`,
  );
}

/** The most people that a refusal names. */
const NAMED_MAX = 10;

const someOf = (people: readonly string[]): string =>
  people.length <= NAMED_MAX
    ? people.join(', ')
    : `${people.slice(0, NAMED_MAX).join(', ')} and ${people.length - NAMED_MAX} more`;

/** Nobody decides twice, neither the person nor the one they decide for. */
function usedWord(state: ApprovalState, seen: number, { by, delegation }: DecideEvent): string | null {
  for (const person of delegation === null ? [by] : [by, delegation.from]) {
    const word = wordOf(state, seen, person);
    if (word === null) continue;
    const said = word.decision === 'approve' ? 'approved' : 'refused';
    const who = word.by === by ? 'you' : word.by;
    const whose = word.delegation === null ? '' : ` for ${word.delegation.from === by ? 'you' : word.delegation.from}`;
    return `${who} ${said} this already${whose}, at ${word.at}; another person must decide now`;
  }
  return null;
}

function checkDoor(state: ApprovalState, event: DecideEvent): ApprovalRefusal | null {
  if (!state.plan.via.includes(event.via)) {
    return refuse(
      'door-closed',
      `a decision about this comes through ${state.plan.via.join(' or ')} only; decide there`,
    );
  }
  const words = event.decision === 'approve' || event.decision === 'refuse';
  const { stage, plan } = current(state);
  if (words && plan.assurance === 'passkey' && !event.assured) {
    return refuse('door-closed', `stage \`${stage.name}\` counts only with your passkey; decide in the console`);
  }
  return null;
}

function checkContent(state: ApprovalState, event: DecideEvent): ApprovalRefusal | null {
  const { decision, reason, changes, until } = event;
  if (decision === 'return' && blank(reason)) {
    return refuse('reason-required', 'say what you need to know before you can decide');
  }
  if (blank(reason) && (decision === 'refuse' || (decision === 'approve' && state.plan.reason === 'required'))) {
    return refuse('reason-required', 'say why, in one sentence');
  }
  if (until !== null && decision !== 'extend') {
    return refuse('invalid-request', `\`until\` belongs to \`extend\`; leave it out to ${decision}`);
  }
  if (changes !== null && Object.keys(changes).length > 0) {
    if (decision !== 'approve') {
      return refuse('change-not-allowed', `changes belong to \`approve\`; leave them out to ${decision}`);
    }
    const fault = faultOfChanges(state, changes, event.original);
    if (fault !== null) return refuse('change-not-allowed', fault);
  }
  if (decision === 'extend') {
    const fault = checkExtension(state, until);
    if (fault !== null) return fault;
  }
  if (decision === 'return' || decision === 'extend') {
    const turns = state.stages.flatMap(({ decisions }) => decisions).filter((made) => made.decision === decision);
    if (turns.length >= CHANGES_MAX) {
      return refuse('conflict', `that was done ${CHANGES_MAX} times already; approve or refuse`);
    }
  }
  return null;
}

function checkExtension(state: ApprovalState, until: number | null): ApprovalRefusal | null {
  const { extendUpToMs } = state.plan;
  if (extendUpToMs === null) return refuse('change-not-allowed', 'policy does not let an approver extend this wait');
  const latest = state.openedAt + extendUpToMs;
  if (until === null || !Number.isSafeInteger(until)) {
    return refuse('invalid-request', `say until when, at most ${iso(latest)}`);
  }
  if (until <= state.expiresAt) {
    return refuse('invalid-request', `it expires at ${iso(state.expiresAt)}; name a later time`);
  }
  return until > latest
    ? refuse('change-not-allowed', `policy lets this wait be extended to ${iso(latest)} at most; name that or earlier`)
    : null;
}
