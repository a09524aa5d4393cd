/** The request as policy sees it: claimed roles, groups and owners are replaced by those that somebody vouches for. */
import { actingChain } from '../contract/acting.ts';
import {
  ANY,
  type Actor,
  type ActionRequest,
  type ExecutionFact,
  type Facts,
  type IdentityFact,
  type ProvenanceFact,
} from '../contract/index.ts';

/** An actor with the person who answers for it. A request cannot say this. */
export interface VouchedActor extends Actor {
  owner?: string;
  onBehalfOf?: VouchedActor | undefined;
}

/** An action request whose actors have only vouched-for roles and groups. */
export interface VouchedRequest extends ActionRequest {
  actor: VouchedActor;
  /** The connector's counts are added to its name, which is all that a caller may send. */
  execution?: ({ connector: string } & Partial<ExecutionFact>) | undefined;
}

/** What the facts of a verdict say of the request that policy sees. */
export type Vouching = Pick<Facts, 'identities' | 'execution' | 'provenance'>;

/**
 * @param facts `identities`: one for each of the chain; without them the request is judged as it came, which is how old verdicts are
 *   replayed. `provenance`: left out where it is not believed. `execution`: where the engine executes
 * @throws Error when they are about another chain, or another connector
 */
export function asVouched(request: ActionRequest, { identities, execution, provenance }: Vouching): VouchedRequest {
  const heard =
    identities === undefined
      ? request
      : { ...withProvenance(request, provenance), actor: vouchedActor(request.actor, identities, 0) };
  if (execution === undefined) return heard;
  // INVARIANT: as for the actors.
  if (execution.connector !== request.execution?.connector) throw new Error('the facts are about another connector');
  return { ...heard, execution };
}

function withProvenance(request: ActionRequest, provenance: ProvenanceFact | undefined): ActionRequest {
  if (request.context?.provenance === undefined) return request;
  const { provenance: _claimed, ...context } = request.context;
  return {
    ...request,
    context: provenance?.believed === true ? { ...context, provenance: provenance.fields } : context,
  };
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
