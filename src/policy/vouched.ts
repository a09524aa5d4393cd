/** The request as policy hears it: with the roles, groups and owners that somebody vouches for, in place of those that it claims. */
import { actingChain } from '../contract/acting.ts';
import { ANY, type Actor, type ActionRequest, type IdentityFact } from '../contract/index.ts';

/** An actor with the person who answers for it. A request cannot say this. */
export interface VouchedActor extends Actor {
  owner?: string;
  onBehalfOf?: VouchedActor | undefined;
}

/** An action request, its actors as they are vouched for. */
export interface VouchedRequest extends ActionRequest {
  actor: VouchedActor;
}

/**
 * @param identities as the facts have them, one for each of the chain; without them the request is heard as it came, which is how verdicts of
 * before are replayed
 * @throws Error when they are about another chain
 */
export function asVouched(request: ActionRequest, identities: readonly IdentityFact[] | undefined): VouchedRequest {
  return identities === undefined ? request : { ...request, actor: vouchedActor(request.actor, identities, 0) };
}

function vouchedActor(actor: Actor, identities: readonly IdentityFact[], depth: number): VouchedActor {
  const known = identities[depth];
  // INVARIANT: facts are gathered for the request that they are used with.
  if (known?.id !== actor.id) throw new Error('the facts are about another actor');
  const { roles, groups, onBehalfOf, ...rest } = actor;
  return {
    ...rest,
    ...listed('roles', known.roles, roles),
    ...listed('groups', known.groups, groups),
    ...(known.owner === null ? {} : { owner: known.owner }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf: vouchedActor(onBehalfOf, identities, depth + 1) }),
  };
}

/** What is vouched for; an empty list only where something was claimed, so that asking for what nobody said stays a fault. */
function listed(name: 'roles' | 'groups', vouched: readonly string[], claimed: string[] | undefined): Partial<Actor> {
  const list = vouched.includes(ANY) ? claimed : [...vouched];
  return list === undefined || (list.length === 0 && claimed === undefined) ? {} : { [name]: list };
}

/** People who answer for the actor or for whom it acts: they can no more approve than those can. */
export const ownersOf = ({ actor }: VouchedRequest): string[] =>
  actingChain<VouchedActor>(actor).flatMap(({ owner }) => owner ?? []);
