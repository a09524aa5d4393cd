/** Who calls, and what they may ask for. */
import { z } from 'zod';
import { actingChain, actingIds, type Actor, type ActionRequest } from '../contract/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { Directory } from './directory.ts';

/** An authenticated caller: a service's API key, or a person. */
export const callerSchema = z.strictObject({
  kind: z.enum(['key', 'person']),
  /** `key:<id>`, or the person's directory id. */
  id: z.string().max(512),
  tenant: z.string().max(256),
  /** Globs of surfaces. */
  surfaces: z.array(z.string().max(256)),
  /** Exact actor ids, or `*` for any. */
  actors: z.array(z.string().max(512)),
  /** A person's own by the directory; of a key, those that it vouches for its actors to have, or `*` for any. */
  roles: z.array(z.string().max(256)),
  groups: z.array(z.string().max(256)).default([]),
});
export type Caller = z.infer<typeof callerSchema>;

/** Why a caller may not ask what they ask. `actor`: token and body disagree about who asks. */
export interface AskConflict {
  kind: 'surface' | 'actor';
  detail: string;
}

/**
 * Null when the caller may make this request, else the conflict in words. A conflict is refused with basis `unclear`.
 *
 * A key speaks for its actors on its surfaces; a person only for themself. With a directory, what the body claims of the
 * directory's own people must be true: somebody who left may not ask, and no one may claim a role or group they do not have.
 */
export function mayAsk(caller: Caller, request: ActionRequest, directory?: Directory): AskConflict | null {
  const { actor, surface } = request;
  if (!caller.surfaces.some((glob) => matchesSurface(glob, surface))) {
    return { kind: 'surface', detail: `the token of \`${caller.id}\` does not reach the surface \`${surface}\`` };
  }
  const conflict = (detail: string): AskConflict => ({ kind: 'actor', detail });
  if (!caller.actors.includes('*') && !caller.actors.includes(actor.id)) {
    return conflict(`the token of \`${caller.id}\` may not speak for the actor \`${actor.id}\``);
  }
  if (caller.kind === 'person') {
    if (actor.type !== 'user') return conflict(`\`${caller.id}\` is a person, but the request says \`${actor.type}\``);
    if (actor.onBehalfOf !== undefined) {
      return conflict(`\`${caller.id}\` may ask as themself only, not for \`${actor.onBehalfOf.id}\``);
    }
  }
  for (const at of actingChain(actor)) {
    const detail = falseClaim(at, directory);
    if (detail !== null) return conflict(detail);
  }
  return null;
}

/**
 * In an emergency, those of the request's chain whose word the request is: a person for themself, a key for the actors it was made for.
 * Null when there is no emergency, where nothing depends on it.
 */
export function spokenForBy(caller: Caller, request: ActionRequest): string[] | null {
  if (request.context?.urgency !== 'emergency') return null;
  return [...new Set(actingIds(request.actor))].filter(
    (id) => caller.actors.includes('*') || caller.actors.includes(id),
  );
}

function falseClaim(actor: Actor, directory: Directory | undefined): string | null {
  const prefix = /^(user|service|agent):/.exec(actor.id)?.[1];
  if (prefix !== undefined && prefix !== actor.type) {
    return `the actor \`${actor.id}\` is said to be of type \`${actor.type}\``;
  }
  const person = directory?.person(actor.id) ?? null;
  if (person === null) return null;
  if (!person.active) return `\`${actor.id}\` is not active in the directory`;
  const role = actor.roles?.find((claimed) => !person.roles.includes(claimed));
  if (role !== undefined) return `\`${actor.id}\` does not have the role \`${role}\` in the directory`;
  const group = actor.groups?.find((claimed) => !person.groups.includes(claimed));
  if (group !== undefined) return `\`${actor.id}\` is not in the group \`${group}\` in the directory`;
  return null;
}
