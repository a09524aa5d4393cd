import type { Core } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import { asString } from '../json.ts';
import { findByExternalId, makeView, pushView, readView, replaceView } from '../views.ts';
import { viewOnWire } from '../wire.ts';
import type { JsonObject, SandboxView } from '../types.ts';
import type { Args } from './args.ts';

/** `views.*`. */

function view(args: Args, type: 'modal' | 'home'): JsonObject {
  return readView(args.json('view', 'invalid_arguments'), type);
}

function answer(core: Core, made: SandboxView): JsonObject {
  core.world.changed();
  return { view: viewOnWire(core.world, made) };
}

export function open(core: Core, args: Args): JsonObject {
  const given = view(args, 'modal');
  const { user } = core.triggers.exchange(args.required('trigger_id'));
  const made = makeView(core, user, given);
  // Opening replaces whatever was on the screen; pushing is views.push.
  core.world.modals.set(user, [made]);
  return answer(core, made);
}

export function push(core: Core, args: Args): JsonObject {
  const given = view(args, 'modal');
  const trigger = core.triggers.exchange(args.required('trigger_id'));
  const below = trigger.viewId === undefined ? undefined : core.world.view(trigger.viewId);
  if (below?.type !== 'modal') throw new SlackApiError('not_found');
  return answer(core, pushView(core, trigger.user, given));
}

export function update(core: Core, args: Args): JsonObject {
  const viewId = args.optional('view_id');
  const externalId = args.optional('external_id');
  const given = view(args, 'modal');
  if (viewId === undefined && externalId === undefined) throw new SlackApiError('invalid_arguments');
  const current = viewId === undefined ? findByExternalId(core, externalId ?? '') : core.world.view(viewId);
  if (current?.type !== 'modal') throw new SlackApiError('not_found');
  const hash = args.optional('hash');
  if (hash !== undefined && hash !== current.hash) throw new SlackApiError('hash_conflict');
  return answer(core, replaceView(core, current, given));
}

export function publish(core: Core, args: Args): JsonObject {
  const user = core.world.users.get(args.required('user_id'));
  if (!user || user.deleted) throw new SlackApiError('user_not_found');
  const given = view(args, 'home');
  const current = core.world.homes.get(user.id);
  const hash = asString(args.all['hash']);
  if (hash !== undefined && current && hash !== current.hash) throw new SlackApiError('hash_conflict');
  const made = current ? replaceView(core, current, given) : makeView(core, user.id, given);
  core.world.setHome(made);
  return answer(core, made);
}
