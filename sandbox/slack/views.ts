import { stateOf } from './blocks/state.ts';
import { fillIds } from './blocks/fill-ids.ts';
import { checkView } from './blocks/views.ts';
import type { Core } from './core.ts';
import { SlackApiError } from './errors.ts';
import { secretHex } from './ids.ts';
import { asObjects, asString, isObject } from './json.ts';
import type { Json } from './json.ts';
import type { JsonObject, SandboxView } from './types.ts';
import { newViewId } from './world.ts';

/** Views that can lie on top of each other (docs.slack.dev/surfaces/modals). */
export const MAX_STACK = 3;

/** Bytes of a view's JSON. */
const MAX_VIEW = 250_000;

function faultsOf(view: Json | undefined, type: 'modal' | 'home'): string[] {
  if (view === undefined) return ['missing required field: view'];
  return isObject(view) ? checkView(view, type) : ['must be an object'];
}

/**
 * Checks a view an app sent.
 * @throws SlackApiError `invalid_arguments` with Slack's wording of what is wrong, or `view_too_large`.
 */
export function readView(view: Json | undefined, type: 'modal' | 'home'): JsonObject {
  const messages = faultsOf(view, type);
  if (!isObject(view) || messages.length > 0) {
    throw new SlackApiError('invalid_arguments', {
      response_metadata: { messages: messages.map((message) => `[ERROR] ${message}`) },
    });
  }
  if (JSON.stringify(view).length > MAX_VIEW) throw new SlackApiError('view_too_large');
  return view;
}

function newHash(core: Core): string {
  return `${String(Math.floor(core.clock.now() / 1000))}.${secretHex(8)}`;
}

/** The parts of a view that an app decides. */
function contents(
  core: Core,
  given: JsonObject,
  current: SandboxView | undefined,
): Omit<SandboxView, 'id' | 'user' | 'rootViewId' | 'previousViewId'> {
  const blocks = fillIds(asObjects(given['blocks']));
  return {
    type: given['type'] === 'home' ? 'home' : 'modal',
    hash: newHash(core),
    ...(isObject(given['title']) ? { title: given['title'] } : {}),
    ...(isObject(given['submit']) ? { submit: given['submit'] } : {}),
    ...(isObject(given['close']) ? { close: given['close'] } : {}),
    blocks,
    privateMetadata: asString(given['private_metadata']) ?? '',
    callbackId: asString(given['callback_id']) ?? '',
    externalId: asString(given['external_id']) ?? '',
    clearOnClose: given['clear_on_close'] === true,
    notifyOnClose: given['notify_on_close'] === true,
    // What was typed stays where block_id and action_id are the same.
    values: stateOf(blocks, current?.values ?? {}),
    errors: {},
  };
}

/** A new view on nobody's screen yet. @throws SlackApiError `duplicate_external_id`. */
export function makeView(core: Core, user: string, given: JsonObject, below?: SandboxView): SandboxView {
  const externalId = asString(given['external_id']) ?? '';
  if (externalId !== '' && findByExternalId(core, externalId)) throw new SlackApiError('duplicate_external_id');
  const id = newViewId();
  return {
    id,
    user,
    rootViewId: below?.rootViewId ?? id,
    previousViewId: below?.id ?? null,
    ...contents(core, given, undefined),
  };
}

/** Puts a view on top of the user's. @throws SlackApiError `push_limit_reached`. */
export function pushView(core: Core, user: string, given: JsonObject): SandboxView {
  const stack = core.world.modals.get(user) ?? [];
  if (stack.length >= MAX_STACK) throw new SlackApiError('push_limit_reached');
  const made = makeView(core, user, given, stack.at(-1));
  core.world.modals.set(user, [...stack, made]);
  return made;
}

/** Gives `current` new contents in place; it keeps its id. */
export function replaceView(core: Core, current: SandboxView, given: JsonObject): SandboxView {
  const fresh = contents(core, given, current);
  for (const key of ['title', 'submit', 'close'] as const) if (!(key in fresh)) delete current[key];
  return Object.assign(current, fresh);
}

export function findByExternalId(core: Core, externalId: string): SandboxView | undefined {
  const open = [...core.world.modals.values()].flat();
  return [...open, ...core.world.homes.values()].find((view) => view.externalId === externalId);
}

/** Takes the top view (or, with `all`, every view) off the user's screen. */
export function popView(core: Core, user: string, all: boolean): SandboxView[] {
  const stack = core.world.modals.get(user) ?? [];
  const gone = all ? stack : stack.slice(-1);
  core.world.modals.set(user, stack.slice(0, stack.length - gone.length));
  core.world.changed();
  return gone;
}
