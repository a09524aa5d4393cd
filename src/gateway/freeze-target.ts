/** What a freeze would stop, so that the caller learns whether it stops anything. */
import { CountersignError, faultOfActorId, includesId } from '../contract/index.ts';
import { actingIds } from '../contract/acting.ts';
import { freezeCovers } from '../engine/freeze.ts';
import { globsOverlap, isGlob } from '../policy/surfaces.ts';
import type { Caller } from '../identity/index.ts';
import type { GatewayDeps } from './deps.ts';
import type { FreezeInput, SlackEvidence } from './types.ts';

/** How much a freeze stops when it is made. */
export interface Stops {
  /** Globs of the policies in force that it reaches. */
  surfaces: number;
  /** Known actors: the one that it names, or those of the open actions. */
  actors: number;
  /** Actions that wait for somebody. */
  actions: number;
}

const MENTION = /^<@([UW][A-Z0-9]+)(?:\|[^>]*)?>$/;

/**
 * The value in the form that freezes compare. A mention in Slack becomes the person it means.
 *
 * @throws CountersignError `invalid-request` for a value that is neither a surface nor an actor
 */
export function targetOf(
  deps: Pick<GatewayDeps, 'directory'>,
  tenant: string,
  input: FreezeInput,
  slack: SlackEvidence['slack'] | null,
): string | null {
  if ((input.scope === 'tenant') !== (input.value === undefined)) {
    throw new CountersignError(
      'invalid-request',
      'a freeze of a surface or an actor names it in `value`; one of the tenant names nothing',
    );
  }
  const { value = null } = input;
  if (value === null) return null;
  if (input.scope === 'surface') {
    if (isGlob(value)) return value;
    throw refused('a surface is dotted lower case, such as `payments.refund`, or a glob of them, such as `payments.*`');
  }
  const mentioned = slack === null ? undefined : MENTION.exec(value)?.[1];
  if (mentioned !== undefined) {
    const person = deps.directory.current(tenant).bySlack(slack?.workspace ?? '', mentioned);
    if (person !== null) return person.id;
    throw refused('whom you mention is nobody of the directory; name the actor by its id');
  }
  const fault = faultOfActorId(value);
  if (fault !== null) throw refused(fault);
  return value;
}

/** @throws CountersignError `invalid-request` when it would stop nothing known, and `unknown` does not allow that */
export async function stopsOf(
  deps: GatewayDeps,
  caller: Caller,
  { scope, unknown = false }: FreezeInput,
  value: string | null,
): Promise<Stops> {
  const { tenant } = caller;
  const waiting = (await deps.store.actions.waiting(tenant)).filter(({ view }) =>
    freezeCovers({ scope, value }, view.surface, view.actor),
  );
  const globs = await policyGlobs(deps, tenant);
  const surfaces = scope === 'actor' ? 0 : globs.filter((glob) => value === null || globsOverlap(glob, value)).length;
  const known = scope === 'actor' && value !== null && (await isKnownActor(deps, tenant, value));
  const actors = scope === 'actor' ? Number(known) : new Set(waiting.map(({ view }) => view.actor.id)).size;
  if (!unknown && scope === 'surface' && surfaces === 0) {
    throw refused(
      `no policy in force covers \`${value}\`, so this would stop nothing; correct it, or say \`unknown\` (\`--unknown\`) to freeze it all the same`,
    );
  }
  if (!unknown && scope === 'actor' && !known && waiting.length === 0) {
    throw refused(
      `nobody called \`${value}\` is in the directory, has a key or ever asked for anything; correct it, or say \`unknown\` (\`--unknown\`) to freeze it all the same`,
    );
  }
  return { surfaces, actors, actions: waiting.length };
}

async function policyGlobs(deps: GatewayDeps, tenant: string): Promise<string[]> {
  const hash = await deps.bundles.inForce(tenant);
  const bundle = hash === null ? null : await deps.bundles.compiled(tenant, hash);
  return [...new Set(bundle?.policies.flatMap(({ surfaces }) => surfaces) ?? [])];
}

async function isKnownActor(deps: GatewayDeps, tenant: string, id: string): Promise<boolean> {
  const directory = deps.directory.current(tenant);
  if (directory.person(id) !== null || directory.workload(id) !== null) return true;
  const { credentials } = await deps.register.current(tenant);
  if ([...credentials.values()].some(({ actors, revokedAt }) => revokedAt === null && includesId(actors, id)))
    return true;
  const newest = await deps.store.actions.list(tenant, { limit: 1000 });
  return newest.some(({ view }) => includesId(actingIds(view.actor), id));
}

function refused(detail: string): CountersignError {
  return new CountersignError('invalid-request', detail, { errors: [{ pointer: '/value', detail }] });
}
