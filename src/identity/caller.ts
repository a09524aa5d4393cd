/** Callers, and what they may ask for. */
import { z } from 'zod';
import {
  actingChain,
  actingIds,
  ANY,
  type Actor,
  type ActionRequest,
  type IdentityFact,
  type ProvenanceFact,
} from '../contract/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { Directory } from './directory.ts';

const boundsSchema = z.strictObject({
  /** Globs. */
  surfaces: z.array(z.string()),
  /** Verbs; null for any. */
  actions: z.array(z.string()).nullable(),
});
export type TokenBounds = z.infer<typeof boundsSchema>;

const tokenSchema = z.strictObject({
  /** Ids of who acts and whom they act for, the actor first: a request must say exactly these. */
  chain: z.array(z.string()),
  /** The folder that it is for, and all below it; null for any. */
  folder: z.string().nullable(),
  /** Directory id of the person who answers for the actor, according to the issuer. */
  owner: z.string().nullable(),
  /** What it may be used for (RFC 9396), one of them; null for all that its surfaces reach. */
  bounds: z.array(boundsSchema).nullable(),
  /** `txn` of a transaction token: the caller's correlation. */
  txn: z.string().nullable(),
});

/**
 * An authenticated caller: a service's API key, a person, or the holder of a token that reads the log, or keeps the directory, and does
 * nothing else.
 */
export const callerSchema = z.strictObject({
  kind: z.enum(['key', 'person', 'reader', 'provisioner']),
  /** `key:<id>`, or the person's directory id. */
  id: z.string().max(512),
  tenant: z.string().max(256),
  /** Globs of surfaces. */
  surfaces: z.array(z.string().max(256)),
  /** Exact actor ids, or `*` for any. */
  actors: z.array(z.string().max(512)),
  /** For a person, their own by the directory. For a key, those that it vouches for, or `*` for any. */
  roles: z.array(z.string().max(256)),
  groups: z.array(z.string().max(256)).default([]),
  /** May say where values of its requests came from. */
  provenance: z.literal(true).exactOptional(),
  /** Further claims of an issuer's token; left out for keys and people. */
  token: tokenSchema.optional(),
  /** For a person who signed in: their session, and when they proved who they are (RFC 3339). */
  session: z
    .strictObject({ id: z.string().max(64), provedAt: z.string().max(64), door: z.literal('console').exactOptional() })
    .optional(),
});
export type Caller = z.infer<typeof callerSchema>;

/** Why a caller may not ask what they ask. `actor`: token and body disagree about who asks. */
export interface AskConflict {
  kind: 'surface' | 'actor';
  detail: string;
}

/** The input of the rules about identity. */
export interface Standing {
  directory: Directory;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Whether a credential may speak in the name of `id`: exactly this one, for this grants. */
export const speaksAs = ({ actors, token }: Pick<Caller, 'actors' | 'token'>, id: string): boolean =>
  actors.includes(ANY) || actors.includes(id) || token?.chain.includes(id) === true;

/**
 * Null when the caller may make this request, else the conflict in words. A conflict is refused with basis `unclear`.
 *
 * A key speaks for its actors on its surfaces; a person only for themself. With a directory, what the body claims of those whom it has
 * must be true and exactly spelled: somebody who left may not ask, and no one may claim a role or group they do not have.
 */
export function mayAsk(caller: Caller, request: ActionRequest, standing?: Standing): AskConflict | null {
  const { actor, surface } = request;
  if (!caller.surfaces.some((glob) => matchesSurface(glob, surface))) {
    return { kind: 'surface', detail: `the token of \`${caller.id}\` does not reach the surface \`${surface}\`` };
  }
  const conflict = (detail: string): AskConflict => ({ kind: 'actor', detail });
  if (!speaksAs(caller, actor.id)) {
    return conflict(`the token of \`${caller.id}\` may not speak for the actor \`${actor.id}\``);
  }
  const beyond = caller.token === undefined ? null : beyondToken(caller.token, request);
  if (beyond !== null) return conflict(beyond);
  if (caller.kind === 'person') {
    if (actor.type !== 'user') return conflict(`\`${caller.id}\` is a person, but the request says \`${actor.type}\``);
    if (actor.onBehalfOf !== undefined) {
      return conflict(`\`${caller.id}\` may ask as themself only, not for \`${actor.onBehalfOf.id}\``);
    }
  }
  for (const at of actingChain(actor)) {
    const detail = falseKind(at) ?? (standing === undefined ? null : falseClaim(at, surface, standing));
    if (detail !== null) return conflict(detail);
  }
  return null;
}

/** The members of a request that contradict its token. */
function beyondToken({ chain, folder, bounds }: NonNullable<Caller['token']>, request: ActionRequest): string | null {
  const asked = actingIds(request.actor);
  if (asked.length !== chain.length || asked.some((id, depth) => id !== chain[depth])) {
    return `the token is for ${chain.map((id) => `\`${id}\``).join(' on behalf of ')}, and the request is not`;
  }
  const said = request.context?.folder;
  if (folder !== null && said !== folder && said?.startsWith(folder.endsWith('/') ? folder : `${folder}/`) !== true) {
    return `the token is for the folder \`${folder}\`, which \`context.folder\` has to name`;
  }
  if (folder !== null && said?.split('/').some((step) => step === '..' || step === '.') === true) {
    return '`context.folder` leads out of the folder that it names';
  }
  const within = ({ surfaces, actions }: TokenBounds): boolean =>
    surfaces.some((glob) => matchesSurface(glob, request.surface)) &&
    (actions === null || actions.includes(request.action));
  return bounds === null || bounds.some(within) ? null : 'the token’s `authorization_details` do not cover this action';
}

/**
 * In an emergency, the members of the request's chain for whom the credential may speak: a person for themself, a key for its own actors.
 * A key for any actor speaks for agents and services, never in a person's name. Null when there is no emergency, where nothing depends
 * on it.
 */
export function spokenForBy(caller: Caller, request: ActionRequest): string[] | null {
  if (request.context?.urgency !== 'emergency') return null;
  const ids = new Set(actingIds(request.actor));
  return [...ids].filter(
    (id) => caller.actors.includes(id) || (caller.actors.includes(ANY) && !id.startsWith('user:')),
  );
}

/**
 * Where the values of a request came from, as it says; null where it says nothing. It counts only from credentials that may say so, and
 * from the first key, which vouches for anything.
 */
export function provenanceOf(caller: Caller, request: ActionRequest): ProvenanceFact | null {
  const fields = request.context?.provenance;
  if (fields === undefined) return null;
  const vouchesForAnything = caller.kind === 'key' && caller.roles.includes(ANY) && caller.groups.includes(ANY);
  return { believed: caller.provenance === true || vouchesForAnything, fields };
}

/** What is known of each member of the chain, for policy and for the record. Conflicts are found by {@link mayAsk}. */
export function identitiesOf(caller: Caller, request: ActionRequest, directory: Directory): IdentityFact[] {
  return actingChain(request.actor).map(({ id, type }, depth) => {
    // A token describes only the actor, and who answers for it.
    const speaksOf = caller.token === undefined || depth === 0;
    const person = directory.person(id);
    const workload = directory.workload(id);
    const spokenFor = speaksAs(caller, id);
    // A person's roles count behind a request only if the credential may speak for that person.
    const vouched = (roles: readonly string[] | null, byKey: readonly string[]): string[] =>
      spokenFor ? [...(roles ?? (caller.kind === 'key' && speaksOf ? byKey : []))].sort() : [];
    const stranger = type === 'user' ? 'unverified' : 'unlisted';
    return {
      id,
      standing: person !== null || workload !== null ? 'directory' : stranger,
      spokenFor,
      owner: directory.ownerOf(id) ?? (depth === 0 && type !== 'user' ? activeOwner(caller, directory) : null),
      roles: vouched((person ?? workload)?.roles ?? null, caller.roles),
      groups: vouched((person ?? workload)?.groups ?? null, caller.groups),
      claimed: null,
    };
  });
}

function activeOwner({ token }: Caller, directory: Directory): string | null {
  const owner = token?.owner ?? null;
  return owner !== null && directory.active(owner) ? owner : null;
}

function falseKind({ id, type }: Actor): string | null {
  return id.startsWith(`${type}:`) ? null : `the actor \`${id}\` is said to be of type \`${type}\``;
}

/** The claims about one member of the chain that the directory contradicts. */
export function falseClaim(actor: Actor, surface: string, { directory, now }: Standing): string | null {
  const { id } = actor;
  const spelled = directory.otherSpelling(id);
  if (spelled !== null) return `\`${id}\` is not how the directory spells \`${spelled}\`; use the exact id`;
  const person = directory.person(id);
  const workload = directory.workload(id);
  const known = person ?? workload;
  if (known === null) return null;
  if (!known.active) return `\`${id}\` is not active in the directory`;
  if (workload !== null) {
    if (workload.expiresAt !== null && workload.expiresAt <= now) {
      return `\`${id}\` expired in the directory at ${new Date(workload.expiresAt).toISOString()}`;
    }
    if (workload.surfaces !== null && !workload.surfaces.some((glob) => matchesSurface(glob, surface))) {
      return `\`${id}\` is not for the surface \`${surface}\`, by the directory`;
    }
  }
  const role = actor.roles?.find((claimed) => known.roles?.includes(claimed) === false);
  if (role !== undefined) return `\`${id}\` does not have the role \`${role}\` in the directory`;
  const group = actor.groups?.find((claimed) => known.groups?.includes(claimed) === false);
  return group === undefined ? null : `\`${id}\` is not in the group \`${group}\` in the directory`;
}
