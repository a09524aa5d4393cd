import { chosen, findElement, stateOf } from '../blocks/state.ts';
import type { InputValue, InputValues } from '../blocks/state.ts';
import type { Core } from '../core.ts';
import { showProblem } from '../core.ts';
import { SandboxControlError } from '../errors.ts';
import { compact } from '../json.ts';
import type { JsonObject, SandboxMessage, SandboxView } from '../types.ts';
import { fillIn } from './modals.ts';
import { actResult, trouble } from './outcome.ts';
import type { ActResult } from './outcome.ts';
import { messageAction, viewAction } from './payloads.ts';
import { actor, visibleChannel, visibleMessage } from './people.ts';

/** A click on, or a choice in, a message. A `confirm` dialog counts as confirmed. */
export interface Click {
  user: string;
  /** Channel id or name. */
  channel: string;
  ts: string;
  actionId: string;
  blockId?: string;
  /** What was chosen, for menus, pickers and inputs. */
  value?: InputValue;
  /** Click what stood there before the newest updates, as a person with an old screen would. */
  stale?: boolean;
  /** Act even as a deactivated user, or on a message the user cannot see. */
  force?: boolean;
}

/** A click on, or a choice in, a modal or the Home tab. */
export interface ViewClick {
  user: string;
  viewId: string;
  actionId: string;
  blockId?: string;
  value?: InputValue;
  /** What was typed into the view's inputs so far. */
  values?: InputValues;
}

/** Clicks, delivers `block_actions`, and waits for the ack. @throws SandboxControlError when there is no such thing to click. */
export async function click(core: Core, act: Click): Promise<ActResult> {
  const user = actor(core, act.user, act.force);
  const channel = act.force ? core.world.findChannel(act.channel) : visibleChannel(core, user, act.channel);
  const message =
    act.force && channel
      ? core.world.message(channel.id, act.ts)
      : channel && visibleMessage(core, user, channel, act.ts);
  if (!channel || !message) throw new SandboxControlError('message_not_found', `no message \`${act.ts}\``);
  const blocks = shownBlocks(message, act);
  const { action, state } = actionOf(core, blocks, act);
  const draftKey = `${channel.id}/${message.ts}/${user.id}`;
  const values = stateOf(blocks, core.drafts.get(draftKey) ?? {});
  if (state) {
    (values[String(action['block_id'])] ??= {})[act.actionId] = state;
    core.drafts.set(draftKey, values);
  }
  const before = { ...message, blocks };
  const payload = messageAction(core, user, channel, before, action, values);
  const result = actResult(await core.deliverer.deliver('interaction', payload));
  if (!result.ok) showProblem(core, user.id, trouble(result));
  return result;
}

function shownBlocks(message: SandboxMessage, act: Click): JsonObject[] {
  const versions = act.stale ? [...message.revisions].reverse() : [message.blocks];
  const found = versions.find((blocks) => findElement(blocks, act.actionId, act.blockId));
  if (found) return found;
  const what = act.blockId === undefined ? act.actionId : `${act.blockId}/${act.actionId}`;
  throw new SandboxControlError('element_not_found', `message \`${act.ts}\` shows no element \`${what}\``);
}

/** The entry of `actions[]`, and the element's new state where it has one. */
function actionOf(
  core: Core,
  blocks: JsonObject[],
  act: Click | ViewClick,
): { action: JsonObject; state: JsonObject | undefined } {
  const found = findElement(blocks, act.actionId, act.blockId);
  if (!found) throw new SandboxControlError('element_not_found', `no element \`${act.actionId}\` is shown`);
  const { block, element } = found;
  const button = element['type'] === 'button';
  const state = button ? undefined : chosen(element, act.value ?? null);
  const action = compact({
    type: String(element['type']),
    action_id: String(element['action_id']),
    block_id: String(block['block_id']),
    ...state,
    ...(button ? { text: element['text'], value: element['value'], url: element['url'], style: element['style'] } : {}),
    confirm: element['confirm'],
    placeholder: element['placeholder'],
    action_ts: core.world.timestamps.next(),
  });
  // Buttons and overflow menus leave nothing behind in `state.values`.
  return { action, state: element['type'] === 'overflow' ? undefined : state };
}

/** Clicks in a view, delivers `block_actions`, and waits for the ack. */
export async function clickInView(core: Core, act: ViewClick): Promise<ActResult> {
  const user = actor(core, act.user);
  const view = ownView(core, act.user, act.viewId);
  fillIn(view, act.values ?? {});
  const { action, state } = actionOf(core, view.blocks, act);
  if (state) (view.values[String(action['block_id'])] ??= {})[act.actionId] = state;
  const result = actResult(await core.deliverer.deliver('interaction', viewAction(core, user, view, action)));
  if (!result.ok) showProblem(core, user.id, trouble(result));
  return result;
}

/** A view on that user's screen. */
export function ownView(core: Core, user: string, viewId: string): SandboxView {
  const view = core.world.view(viewId);
  if (view?.user === user) return view;
  throw new SandboxControlError('view_not_found', `\`${user}\` has no view \`${viewId}\` open`);
}
