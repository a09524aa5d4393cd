/** Maps questions of the AuthZEN Authorization API to requests, as policies say it (`authzen:`). */
import { ACTOR_TYPES, type ActorType, type AuthzenQuestion, type Json, type JsonObject } from '../contract/index.ts';
import type { CompiledBundle, CompiledPolicy } from './compiled.ts';
import type { Fault } from './fault.ts';
import { CLOSED_FIELDS, writePath } from './paths.ts';
import type { AuthzenMapping, Policy } from './schema.ts';
import { matchesSurface } from './surfaces.ts';

/** The request that a question maps to, to be read like any other, or why there is none. */
export type Mapped = { request: JsonObject } | { unclear: string };

const mappingsOf = ({ authzen = [] }: Pick<Policy, 'authzen'>): AuthzenMapping[] =>
  Array.isArray(authzen) ? authzen : [authzen];

/** The surface that a mapping is about: the one it names, or the only one of its policy. */
function mappedSurface({ surfaces }: Pick<Policy, 'surfaces'>, mapping: AuthzenMapping): string | null {
  if (mapping.surface !== undefined) return mapping.surface;
  const [only, ...others] = surfaces;
  return only === undefined || others.length > 0 || only.includes('*') ? null : only;
}

/** Mappings that name no surface, or one that their policy does not cover. */
export function authzenFaults(source: Policy): Fault[] {
  return mappingsOf(source).flatMap((mapping, index): Fault[] => {
    const path: Fault['path'] = Array.isArray(source.authzen) ? ['authzen', index] : ['authzen'];
    const surface = mappedSurface(source, mapping);
    if (surface === null) {
      const suggestion = 'add `surface`, with one of them';
      return [{ path, offset: 0, message: '`authzen` does not say which of the surfaces it is about', suggestion }];
    }
    if (source.surfaces.some((glob) => matchesSurface(glob, surface))) return [];
    const message = `\`authzen\` is about the surface \`${surface}\`, which this policy does not cover`;
    return [{ path: [...path, 'surface'], offset: 0, message, suggestion: 'name one of `surfaces`' }];
  });
}

/**
 * The request that a question is about. Nothing is guessed: no mapping, or mappings that disagree, make it unclear.
 *
 * By default the subject is the actor, `action.properties` are the params, the resource has its properties beside type and id, and of
 * the context go those fields that a request has. `fields` of the mapping add to that.
 */
export function mapEvaluation(bundle: Pick<CompiledBundle, 'policies'>, question: AuthzenQuestion): Mapped {
  const mappings = bundle.policies.flatMap((policy) => mapped(policy, question));
  const [first, ...others] = mappings;
  if (first === undefined) {
    return {
      unclear: `no policy maps the action \`${question.action.name}\` on a resource of type \`${question.resource.type}\``,
    };
  }
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(first))) {
    return { unclear: 'policies map this question to different requests' };
  }
  return 'unclear' in first ? first : { request: first.request };
}

function mapped({ source }: CompiledPolicy, question: AuthzenQuestion): Mapped[] {
  const { subject, action, resource } = question;
  return mappingsOf(source).flatMap((mapping): Mapped[] => {
    const names = Array.isArray(mapping.action) ? mapping.action : [mapping.action];
    const surface = mappedSurface(source, mapping);
    if (mapping.resource !== resource.type || !names.includes(action.name) || surface === null) return [];
    const type = typeOf(mapping, subject.type);
    if (type === null) return [{ unclear: `subjects of type \`${subject.type}\` are not mapped` }];
    return [{ request: requestOf(mapping, { surface, type, question }) }];
  });
}

function typeOf({ subjects }: AuthzenMapping, type: string): ActorType | null {
  if (subjects !== undefined) return Object.hasOwn(subjects, type) ? (subjects[type] ?? null) : null;
  return ACTOR_TYPES.find((known) => known === type) ?? null;
}

function requestOf(
  mapping: AuthzenMapping,
  { surface, type, question }: { surface: string; type: ActorType; question: AuthzenQuestion },
): JsonObject {
  const { subject, action, resource, context = {} } = question;
  const id = subject.id.startsWith(`${type}:`) ? subject.id : `${type}:${subject.id}`;
  const known = Object.fromEntries(
    (CLOSED_FIELDS['context'] ?? []).flatMap((name) =>
      Object.hasOwn(context, name) ? [[name, context[name] as Json]] : [],
    ),
  );
  let request: JsonObject = {
    surface,
    action: mapping.as ?? action.name,
    actor: { id, type },
    resource: { ...resource.properties, type: resource.type, id: resource.id },
    ...(action.properties === undefined ? {} : { params: action.properties }),
    ...(Object.keys(known).length === 0 ? {} : { context: known }),
  };
  for (const [target, from] of Object.entries(mapping.fields).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = valueAt(question, from);
    if (value !== undefined) request = writePath(request, target.split('.'), shaped(target, value));
  }
  return request;
}

/** Roles and groups are lists here, and `onBehalfOf` is an actor; callers often send one text for each. */
function shaped(target: string, value: Json): Json {
  if (typeof value !== 'string') return value;
  if (target === 'actor.roles' || target === 'actor.groups') return [value];
  if (target !== 'actor.onBehalfOf') return value;
  return { id: value, type: value.split(':', 1)[0] ?? '' };
}

function valueAt(question: AuthzenQuestion, from: string): Json | undefined {
  let value: unknown = question;
  for (const name of from.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value as Json | undefined;
}
