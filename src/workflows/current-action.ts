import type { Action } from '../contract/index.ts';
import type { ActionRef } from '../engine/types.ts';
import type { Exclusive } from './exclusive.ts';

/** The action as its workflow knows it. Whatever changes it after the verdict runs in the queue. */
export interface CurrentAction {
  action: Action;
  readonly exclusive: Exclusive;
}

export function refOf({ action }: CurrentAction): ActionRef {
  return { tenant: action.tenant, id: action.id };
}
