import cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import { hashOf } from '../../canonical/index.ts';
import { actingIds, type Json } from '../../contract/index.ts';
import type { ExternalEvaluator, ExternalInput } from '../engines.ts';

const TYPES = { user: 'User', service: 'Service', agent: 'Agent' } as const;

/**
 * Prepares a Cedar policy set. It is asked about principal `User::`, `Service::` or `Agent::"<actor id>"` (attributes `roles`
 * and `groups`, parents `Group::"…"` and `Role::"…"`), action `Action::"<action>"`, resource `Resource::"<resource id>"` (or the
 * surface, without one), and a context of `surface`, `now`, `params`, `resource`, `context` and `onBehalfOf` (ids, nearest first).
 * Whole numbers are longs, others decimals of at most four places; null members are left out.
 */
export function prepareCedar(text: string): ExternalEvaluator {
  const id = hashOf(text);
  const parsed = cedar.preparsePolicySet(id, { staticPolicies: text });
  if (parsed.type === 'failure') throw new Error(parsed.errors.map((error) => error.message).join('; '));
  return (input) => {
    const { principal, resource, action, entities, context } = question(input);
    const answer = cedar.statefulIsAuthorized({
      principal,
      action,
      resource,
      context,
      entities,
      preparsedPolicySetId: id,
    });
    if (answer.type === 'failure') throw new Error(answer.errors.map((error) => error.message).join('; '));
    const [broken] = answer.response.diagnostics.errors;
    // Cedar skips a policy that fails. Here a failure is an error.
    if (broken !== undefined) throw new Error(`Cedar policy ${broken.policyId}: ${broken.error.message}`);
    return answer.response.decision === 'allow';
  };
}

function question({ request, now }: ExternalInput) {
  const { actor, resource = {}, params = {}, context = {} } = request;
  const principal = { type: TYPES[actor.type], id: actor.id };
  const target = { type: 'Resource', id: resource.id ?? request.surface };
  const attributes = { roles: actor.roles ?? [], groups: actor.groups ?? [] };
  const parents = [
    ...attributes.groups.map((id) => ({ type: 'Group', id })),
    ...attributes.roles.map((id) => ({ type: 'Role', id })),
  ];
  const entities: EntityJson[] = [
    { uid: principal, attrs: attributes, parents },
    { uid: target, attrs: record(resource as Json), parents: [] },
  ];
  return {
    principal,
    resource: target,
    action: { type: 'Action', id: request.action },
    entities,
    context: {
      surface: request.surface,
      now,
      onBehalfOf: actingIds(actor).slice(1),
      params: record(params),
      resource: record(resource as Json),
      context: record(context as Json),
    },
  };
}

function record(json: Json): Record<string, CedarValueJson> {
  return value(json) as Record<string, CedarValueJson>;
}

/** JSON as Cedar values. `__entity` and `__extn` would let a request speak as Cedar itself, so they are refused. */
function value(json: Json): CedarValueJson {
  if (json === null) throw new Error('a list holds null, which Cedar does not know');
  if (typeof json === 'number') return number(json);
  if (typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map(value);
  const fields: Record<string, CedarValueJson> = {};
  for (const [name, below] of Object.entries(json)) {
    if (name.startsWith('__')) throw new Error(`\`${name}\` is not a name that a request may give to Cedar`);
    if (below !== null) fields[name] = value(below);
  }
  return fields;
}

function number(json: number): CedarValueJson {
  if (Number.isSafeInteger(json)) return json;
  const text = String(json);
  if (!/^-?\d+\.\d{1,4}$/.test(text))
    throw new Error('a number has more than four decimal places, which Cedar does not know');
  return { __extn: { fn: 'decimal', arg: text } };
}
