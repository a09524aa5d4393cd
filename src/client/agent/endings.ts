/** How a guarded call of a tool ends where it is not executed, in words for a model to read. */
import { CountersignError } from '../errors.ts';
import type { Governed } from '../govern.ts';
import type { Action } from '../types.ts';

/** A human is awaited. `message` says whom, until when, and what an agent is not to do meanwhile. Call again with the same input and id. */
export class ToolWaiting extends Error {
  override readonly name = 'ToolWaiting';
  readonly action: Action;

  constructor(action: Action) {
    const { approval, id } = action;
    const people = approval?.stages[approval.stage]?.approvers.join(', ') ?? 'a verdict';
    const until = approval === null ? '' : ` until ${approval.expiresAt}`;
    super(
      `waiting for ${people}${until} (${id}); nothing was done yet. do not repeat it before somebody decided, and do not try another way`,
    );
    this.action = action;
  }
}

export type ToolRefusal =
  | 'refused'
  | 'expired'
  | 'cancelled'
  | 'lapsed'
  | 'skipped'
  | 'input-changed'
  | 'already-executed'
  | 'already-failed'
  | 'already-skipped'
  | 'already-begun';

/** It was not executed, and this call never will be. */
export class ToolRefused extends Error {
  override readonly name = 'ToolRefused';
  readonly code: ToolRefusal;
  /** Asking again cannot help. */
  readonly final: boolean;
  readonly action: Action | null;

  constructor(code: ToolRefusal, why: string, { final, action }: { final: boolean; action: Action | null }) {
    super(`${why}; nothing was done. ${final ? 'this is final: do not ask again, and ' : ''}do not try another way`);
    this.code = code;
    this.final = final;
    this.action = action;
  }
}

/** What was returned. @throws ToolWaiting · ToolRefused for every other end */
export function returnedBy<T>(governed: Governed<T>): T {
  const { action } = governed;
  switch (governed.status) {
    case 'executed':
      return governed.value;
    case 'waiting':
      throw new ToolWaiting(governed.action);
    case 'refused': {
      const why = governed.reasons.join(' ') || 'policy refused this';
      throw new ToolRefused('refused', why.replace(/[.;\s]+$/, ''), { final: governed.final, action });
    }
    case 'skipped':
      throw new ToolRefused('skipped', governed.reason, { final: false, action });
    case 'already':
      throw new ToolRefused(`already-${governed.outcome}`, `this very call ended before as ${governed.outcome}`, {
        final: true,
        action,
      });
    case 'begun':
      throw new ToolRefused('already-begun', 'this very call was begun before, and its end is not known', {
        final: true,
        action,
      });
    default:
      throw new ToolRefused(governed.status, `this is ${governed.status}`, { final: false, action });
  }
}

/** A call with the same id and other input was not released by anybody. */
export function endingOf(error: unknown): unknown {
  if (!(error instanceof CountersignError) || error.code !== 'idempotency-key-reused') return error;
  return new ToolRefused('input-changed', 'this call was asked for with other input before', {
    final: true,
    action: null,
  });
}
