/** Who may see and do what with an action. Closed by default. */
import { actingIds, CountersignError, type Action } from '../contract/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { Caller } from '../identity/index.ts';
import type { ActionState } from '../store/action-state.ts';

/** Whether the caller's key reaches the action's surface and actor. */
export function speaksFor(caller: Caller, state: ActionState): boolean {
  return (
    caller.tenant === state.action.tenant &&
    caller.surfaces.some((glob) => matchesSurface(glob, state.surface)) &&
    (caller.actors.includes('*') || caller.actors.includes(state.actor.id))
  );
}

/** The requester's side: the caller who asked, keys that may speak for the actor, the actor, and everyone it acts for. */
export function isRequester(caller: Caller, state: ActionState): boolean {
  return mayExecute(caller, state) || actingIds(state.actor).includes(caller.id);
}

/** May hold the permit: the caller that asked, and keys that may speak for the actor. Never a person who only decides or reads. */
export function mayExecute(caller: Caller, state: ActionState): boolean {
  return caller.id === state.requester || (caller.kind === 'key' && speaksFor(caller, state));
}

const AUDIT_ROLES = ['auditor', 'owner'];

/** May read everything of the tenant: the auditor's and the owner's view. */
export function mayAudit(caller: Caller): boolean {
  return caller.kind === 'key'
    ? caller.actors.includes('*') && caller.surfaces.includes('**')
    : caller.roles.some((role) => AUDIT_ROLES.includes(role));
}

/** May read the entries of the tenant's log, and their receipts. Entries come in bundles, so a reader of single surfaces reads none. */
export const mayReadLog = (caller: Caller): boolean =>
  (caller.kind === 'reader' && caller.surfaces.length === 0) || mayAudit(caller);

/** A token for the records of some surfaces. */
export const readsSome = (caller: Caller): boolean => caller.kind === 'reader' && caller.surfaces.length > 0;

/** May settle what nobody reported, and stop things: a key for everything, or a person with the role `owner`. */
export function isOwner(caller: Caller): boolean {
  return caller.kind === 'key' ? mayAudit(caller) : caller.roles.includes('owner');
}

const isApprover = (caller: Caller, state: ActionState): boolean =>
  state.approval?.stages.some(({ approvers }) => approvers.includes(caller.id)) === true ||
  state.review?.reviewers.includes(caller.id) === true;

/**
 * The action as this caller may see it: only the requester's side gets the permit.
 *
 * @throws CountersignError `not-found`, the same whether it does not exist or the caller may not see it.
 */
export function visibleTo(caller: Caller, state: ActionState, action: Action): Action {
  if (caller.tenant !== action.tenant) throw notFound();
  if (mayExecute(caller, state)) return action;
  if (isRequester(caller, state) || mayAudit(caller) || (caller.kind === 'person' && isApprover(caller, state)))
    return { ...action, permit: null };
  throw notFound();
}

export const notFound = (): CountersignError =>
  new CountersignError('not-found', 'there is no such action, or it is not yours to see');

/** @throws CountersignError `forbidden` for a token that is bound to one purpose */
export function withoutPurpose(caller: Caller): Caller {
  if (caller.kind === 'key' || caller.kind === 'person') return caller;
  const what = caller.kind === 'reader' ? 'reads the log and its receipts' : 'keeps the directory by SCIM';
  throw new CountersignError('forbidden', `this token ${what}, and does nothing else`);
}
