import type { Core } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import { userOnWire } from '../wire.ts';
import type { JsonObject, SandboxUser } from '../types.ts';
import type { Args } from './args.ts';
import { page } from './paging.ts';

/** `users.*`. */

function shown(core: Core, user: SandboxUser): JsonObject {
  return userOnWire(core.world, user, core.scopes.has('users:read.email'));
}

export function info(core: Core, args: Args): JsonObject {
  const user = core.world.users.get(args.required('user'));
  if (!user) throw new SlackApiError('user_not_found');
  return { user: shown(core, user) };
}

export function list(core: Core, args: Args): JsonObject {
  const own = [...core.world.users.values()].filter((user) => core.world.teamOf(user) === core.world.team.id);
  const { items, next } = page(own, args);
  return {
    members: items.map((user) => shown(core, user)),
    cache_ts: Math.floor(core.clock.now() / 1000),
    response_metadata: { next_cursor: next },
  };
}

/** Deactivated people, bots and strangers are not found by e-mail. */
export function lookupByEmail(core: Core, args: Args): JsonObject {
  const email = args.required('email').toLowerCase();
  const user = [...core.world.users.values()].find(
    (entry) =>
      entry.email.toLowerCase() === email &&
      !entry.deleted &&
      !entry.isBot &&
      core.world.teamOf(entry) === core.world.team.id,
  );
  if (!user) throw new SlackApiError('users_not_found');
  return { user: shown(core, user) };
}
