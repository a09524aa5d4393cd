/** The requester's identity: what is known of the chain, and whether anything is in conflict. */
import { UNKNOWN_CALLER } from '../contract/engine-names.ts';
import { canonicalBytes } from '../canonical/index.ts';
import {
  actingChain,
  hashOfRequest,
  isCountersignError,
  type ActionRequest,
  type Facts,
  type IdentityFact,
  type PlanStep,
} from '../contract/index.ts';
import {
  falseClaim,
  identitiesOf,
  isAttestation,
  mayAsk,
  provenanceOf,
  spokenForBy,
  type AttestationOf,
  type Caller,
} from '../identity/index.ts';
import type { EngineDeps } from './deps.ts';
import type { JudgeInput } from './types.ts';

/** What the facts of a verdict say of identity. */
export type IdentityFacts = Pick<Facts, 'conflict' | 'spokenFor' | 'identities' | 'provenance' | 'txn'>;

export interface Identified {
  /** The credential's id; null when nobody valid asked. */
  requester: string | null;
  /** The bundle that the start was pinned to. */
  bundle: string | null;
  /** Its step of a plan, as the gateway attested; null for an action that was asked alone. */
  step: PlanStep | null;
  facts: IdentityFacts;
}

/** Bytes of a record that are left for identities. */
const IDENTITIES_MAX_BYTES = 16 * 1024;
const TOO_MANY =
  'those who act have more roles and groups than a record can hold; let the directory keep those that policies name';

/** What a caller may ask by their credential and the directory, and what policy may see of the chain. Every door uses this. */
export async function weigh(
  deps: Pick<EngineDeps, 'directory' | 'now'>,
  caller: Caller,
  request: ActionRequest,
): Promise<IdentityFacts & { surface: boolean }> {
  const directory = await deps.directory.fresh(caller.tenant);
  const conflict = mayAsk(caller, request, { directory, now: deps.now().getTime() });
  const spokenFor = spokenForBy(caller, request);
  const identities = identitiesOf(caller, request, directory);
  const provenance = provenanceOf(caller, request);
  const fits = canonicalBytes(identities).length <= IDENTITIES_MAX_BYTES;
  return {
    surface: conflict?.kind !== 'surface',
    conflict: conflict?.detail ?? (fits ? null : TOO_MANY),
    ...(spokenFor === null ? {} : { spokenFor }),
    ...(provenance === null ? {} : { provenance }),
    ...(caller.token?.txn == null ? {} : { txn: caller.token.txn }),
    identities: fits ? identities : identities.map((fact) => ({ ...fact, roles: [], groups: [] })),
  };
}

export async function identify(deps: EngineDeps, input: JudgeInput): Promise<Identified> {
  const refuse = (requester: string | null, conflict: string): Identified => ({
    requester,
    bundle: null,
    step: null,
    facts: { conflict, identities: nobodySaid(deps, input) },
  });
  try {
    const exposed = input.arrivedInClear === true ? await exposedIn(deps, input) : null;
    if (exposed !== null) return refuse(exposed.by, exposed.conflict);
    const start = await startOf(deps, input);
    if (start !== null && start.requestHash !== hashOfRequest(input.request))
      return refuse(null, 'the token was made for another request');
    const caller = start?.caller ?? (await deps.authenticate(input.token));
    if (caller.tenant !== input.tenant) return refuse(caller.id, 'the token belongs to another tenant');
    const { surface: _, ...facts } = await weigh(deps, caller, input.request);
    return { requester: caller.id, bundle: start?.bundle ?? null, step: start?.step ?? null, facts };
  } catch (error) {
    if (!isCountersignError(error) || (error.code !== 'unauthenticated' && error.code !== 'forbidden')) throw error;
    return refuse(null, `no valid token came with the request: ${error.message}`);
  }
}

/** The gateway's attestation of the requester, if the token is one. */
async function startOf(deps: EngineDeps, { token, tenant, id }: JudgeInput): Promise<AttestationOf<'start'> | null> {
  if (!isAttestation(token)) return null;
  const expected = { kind: 'start', tenant, action: id } as const;
  return deps.attestor.verify(token, deps.now().getTime(), expected);
}

/** Finds a secret in an unencrypted input. Everybody with access to the namespace or its backups can read it. */
async function exposedIn(deps: EngineDeps, input: JudgeInput): Promise<{ by: string | null; conflict: string } | null> {
  const next =
    'start with a token of POST /v1/start-tokens, or encrypt the whole input to the key at /.well-known/jwks.json';
  if (!isAttestation(input.token)) {
    const caller = await deps.authenticate(input.token).catch(() => null);
    const which = caller?.kind === 'key' ? caller.id.replace(/^key:/, '') : '<id>';
    const conflict = `a credential arrived in clear in a workflow’s history: revoke it with \`countersign api-key revoke ${which}\`, and ${next}`;
    return { by: caller?.tenant === input.tenant ? caller.id : null, conflict };
  }
  if (input.request.content === undefined) return null;
  return {
    by: null,
    conflict: `\`content\` arrived in clear in a workflow’s history: take it for disclosed, revoke what it gives access to, and ${next}`,
  };
}

/** The chain where nobody vouches for anyone. */
const nobodySaid = (deps: EngineDeps, { request, tenant }: JudgeInput): IdentityFact[] =>
  identitiesOf(
    { kind: 'key', id: UNKNOWN_CALLER, tenant, surfaces: [], actors: [], roles: [], groups: [] },
    request,
    deps.directory.current(tenant),
  );

/**
 * Identifies the chain again, for an action that waited. Compares the sealed identities with the current directory: a person who left is a
 * conflict, and a lost role no longer counts. Roles that a credential vouched for stay as sealed.
 */
export async function weighAgain(
  deps: Pick<EngineDeps, 'directory' | 'now'>,
  tenant: string,
  sealed: Pick<Facts, 'identities' | 'provenance'>,
  request: ActionRequest,
): Promise<IdentityFacts> {
  const standing = { directory: await deps.directory.fresh(tenant), now: deps.now().getTime() };
  const conflicts = actingChain(request.actor).map((actor) => falseClaim(actor, request.surface, standing));
  const conflict = conflicts.find((claim) => claim !== null) ?? null;
  if (sealed.identities === undefined) return { conflict };
  const identities = sealed.identities.map((fact): IdentityFact => {
    const known = standing.directory.person(fact.id) ?? standing.directory.workload(fact.id);
    const asNow = (standingRoles: readonly string[] | null, before: string[]): string[] =>
      fact.spokenFor && standingRoles !== null ? [...standingRoles].sort() : before;
    return {
      ...fact,
      standing: known === null ? fact.standing : 'directory',
      owner: standing.directory.ownerOf(fact.id),
      roles: asNow(known?.roles ?? null, fact.roles),
      groups: asNow(known?.groups ?? null, fact.groups),
      claimed: null,
    };
  });
  return { conflict, identities, ...(sealed.provenance === undefined ? {} : { provenance: sealed.provenance }) };
}
