/** Sends the person behind a request direct messages: a question, the time running out, and how it ended. */
import { ENGINE_VIA } from '../contract/engine-names.ts';
import type { ApprovalEffect } from '../approval/index.ts';
import { actingIds } from '../contract/index.ts';
import type { Directory } from '../identity/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { displayName } from './message.ts';
import type { ApprovalMessage, Notice } from './notifier.ts';
import { summaryOf } from '../engine/summary.ts';
import type { TellInput } from './types.ts';

/** People of the directory to notify: the requester, and the nearest person for whom they asked. */
export function requestersOf(state: Pick<ActionState, 'actor' | 'requester'>, directory: Directory): string[] {
  const nearest = actingIds(state.actor).find((id) => directory.person(id) !== null);
  const all = [state.requester, nearest].filter((id) => id !== undefined && directory.active(id));
  return [...new Set(all as string[])];
}

type DirectNotice = Pick<Notice, 'headline' | 'lines'> & { kind: string; until?: number };

/**
 * What a requester is told about one publication, in the order of events.
 *
 * @param publication Names the publication, the same in each attempt.
 */
export function noticesOf(
  state: ActionState,
  message: ApprovalMessage,
  input: Pick<TellInput, 'effects' | 'review' | 'was'>,
  directory: Directory,
  publication: string,
): Notice[] {
  const what = summaryOf(state);
  const open = message.ask === 'decision';
  const notices: DirectNotice[] = input.effects.flatMap((effect) =>
    requesterNoteOf(effect, what, open, state, directory),
  );
  if (input.was === null && state.review !== null) {
    notices.push({
      kind: 'break_glass',
      headline: `Released at once, in an emergency: ${what}`,
      lines: [`${namesOf(state.review.reviewers, directory)} will review it.`],
      until: Math.floor(state.review.dueAt / 1000),
    });
  }
  const result = input.review === 'reviewed' ? (state.review?.result ?? null) : null;
  if (result !== null) {
    notices.push({
      kind: 'reviewed',
      headline: `Your emergency was reviewed: it was ${result.right ? 'right' : 'wrong'} (${what})`,
      lines: [`${displayName(directory, result.by)}: ${result.reason}`],
    });
  }
  const ended = endOf(state, message, what, input, directory);
  if (ended !== null) notices.push(ended);
  const { tenant, id: action } = state.action;
  return notices.map(({ kind, headline, lines, until }, index) => ({
    id: `${publication}.${index}.${kind}`,
    tenant,
    action,
    headline,
    lines,
    until: until ?? null,
    consoleUrl: message.consoleUrl,
  }));
}

/** Skips questions and promises once the action is closed. */
function requesterNoteOf(
  effect: ApprovalEffect,
  what: string,
  open: boolean,
  state: ActionState,
  directory: Directory,
): DirectNotice[] {
  if (!open) return [];
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  switch (effect.type) {
    case 'returned':
      return [
        {
          kind: 'returned',
          headline: `A question about your request: ${what}`,
          lines: [
            `${displayName(directory, effect.by)}: ${effect.question}`,
            `Answer with: countersign answer ${state.action.id} "…"`,
            'It is decided, or refused, at this time at the latest, answered or not:',
          ],
          until: seconds(effect.expiresAt),
        },
      ];
    case 'warn':
      return [
        {
          kind: 'warning',
          headline: `Nobody has decided yet: ${what}`,
          lines: ['Without a decision it is refused, and nothing happens:'],
          until: seconds(effect.expiresAt),
        },
      ];
    case 'extended':
      return [
        {
          kind: 'extended',
          headline: `There is more time to decide: ${what}`,
          lines: [`${displayName(directory, effect.by)} extended it.`],
          until: seconds(effect.until),
        },
      ];
    case 'short':
      return [
        {
          kind: 'short',
          headline: `Too few people are left to approve: ${what}`,
          lines: ['It will be refused unless it is withdrawn first.'],
        },
      ];
    case 'unreachable':
      return [
        {
          kind: 'unreachable',
          headline: `Not everybody can be reached: ${what}`,
          lines: [`${namesOf(effect.people, directory)} cannot be reached in Slack.`],
        },
      ];
    default:
      return [];
  }
}

const namesOf = (people: readonly string[], directory: Directory): string =>
  people.map((person) => displayName(directory, person)).join(', ');

const untilOf = ({ collectUntil }: ApprovalMessage): Pick<DirectNotice, 'until'> =>
  collectUntil === undefined ? {} : { until: collectUntil };

/** That a permit waits, and how to have it. */
const waitingPermit = ({ action, collectUntil, heldUntil }: ApprovalMessage): string[] =>
  collectUntil === undefined
    ? []
    : [
        ...(heldUntil === undefined ? [] : ['It is held for a while, and can be withdrawn until it begins.']),
        `A permit waits to be collected: countersign permit ${action}`,
      ];

/** How it ended. It is told once, when the action first reaches a state that no approver can change. */
function endOf(
  state: ActionState,
  message: ApprovalMessage,
  what: string,
  input: Pick<TellInput, 'was'>,
  directory: Directory,
): DirectNotice | null {
  if (state.approval === null) return null;
  if (input.was === 'released' && state.action.status === 'lapsed') {
    return {
      kind: 'lapsed',
      headline: `Lapsed: ${what}`,
      lines: ['It was approved, nobody collected it in time, and nothing happened. Ask anew if it is still wanted.'],
    };
  }
  if (input.was === 'released' && state.action.status === 'cancelled') {
    const by = displayName(directory, state.withdrawnBy ?? state.actor.id);
    return { kind: 'withdrawn', headline: `Withdrawn: ${what}`, lines: [`${by} took it back before it began.`] };
  }
  if (input.was !== 'supervised') return null;
  const last = message.decisions.at(-1);
  const said = last === undefined || last.via === ENGINE_VIA ? [] : [`${last.name}: ${last.reason ?? last.decision}`];
  switch (state.action.status) {
    case 'supervised':
    case 'evaluating':
    case 'cancelled':
      return null;
    case 'refused':
      return { kind: 'refused', headline: `Refused: ${what}`, lines: said.length > 0 ? said : message.why.reasons };
    case 'expired':
      return {
        kind: 'expired',
        headline: `Expired, so refused: ${what}`,
        lines: ['Nobody decided in time, and nothing happened. Ask anew if it is still wanted.'],
      };
    default:
      return {
        kind: 'approved',
        headline: `Approved: ${what}`,
        lines: [...said, ...waitingPermit(message)],
        ...untilOf(message),
      };
  }
}
