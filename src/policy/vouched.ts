/** The request as policy sees it: claimed roles, groups and owners are replaced by those that somebody vouches for. */
import { actingChain } from '../contract/acting.ts';
import { ANY, type Actor, type ActionRequest, type ExecutionFact, type IdentityFact } from '../contract/index.ts';

/** An actor with the person who answers for it. A request cannot say this. */
export interface VouchedActor extends Actor {
  owner?: string;
  onBehalfOf?: VouchedActor | undefined;
}

/** An action request whose actors have only vouched-for roles and groups. */
export interface VouchedRequest extends ActionRequest {
  actor: VouchedActor;
  /** What the connector counted stands beside its name, which is all that a caller can say. */
  execution?: ({ connector: string } & Partial<ExecutionFact>) | undefined;
}

/**
 * @param identities as the facts have them, one for each of the chain; without them the request is judged as it came, which is how old
 * verdicts are replayed
 * @param execution as the facts have it, where the engine executes
 * @throws Error when they are about another chain, or another connector
 */
export function asVouched(
  request: ActionRequest,
  identities: readonly IdentityFact[] | undefined,
  execution?: ExecutionFact,
): VouchedRequest {
  const heard = identities === undefined ? request : { ...request, actor: vouchedActor(request.actor, identities, 0) };
  if (execution === undefined) return heard;
  // INVARIANT: as for the actors.
  if (execution.connector !== request.execution?.connector) throw new Error('the facts are about another connector');
  return { ...heard, execution };
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

/** What is vouched for. The list is empty only where something was claimed, so that reading an absent field stays a fault. */
function listed(name: 'roles' | 'groups', vouched: readonly string[], claimed: string[] | undefined): Partial<Actor> {
  const list = vouched.includes(ANY) ? claimed : [...vouched];
  return list === undefined || (list.length === 0 && claimed === undefined) ? {} : { [name]: list };
}

/** The owners of the actor and of those it acts for. Like them, they cannot approve. */
export const ownersOf = ({ actor }: VouchedRequest): string[] =>
  actingChain<VouchedActor>(actor).flatMap(({ owner }) => owner ?? []);
