import { chosen, findElement, isEmpty, stateOf } from '../blocks/state.ts';
import type { InputValue, InputValues } from '../blocks/state.ts';
import type { Core } from '../core.ts';
import { showProblem } from '../core.ts';
import { SandboxControlError, SlackApiError } from '../errors.ts';
import { asObject, asString, isObject, parseJson } from '../json.ts';
import { popView, pushView, readView, replaceView } from '../views.ts';
import type { JsonObject, SandboxView } from '../types.ts';
import { localErrors } from './local-errors.ts';
import { actResult, trouble } from './outcome.ts';
import type { ActResult } from './outcome.ts';
import { viewClosed, viewSubmission } from './payloads.ts';
import { actor } from './people.ts';

/** Filling in and submitting the modal a user has open. */
export interface Submit {
  user: string;
  viewId: string;
  values?: InputValues;
}

/** What a submission led to. */
export interface SubmitResult extends Omit<ActResult, 'deliveries'> {
  /** False when Slack's client itself held it back: nothing was sent to the app. */
  sent: boolean;
  outcome: 'closed' | 'errors' | 'updated' | 'pushed' | 'cleared' | 'failed';
  /** Errors under the inputs, by block id. */
  errors: Record<string, string>;
  deliveries: ActResult['deliveries'] | [];
}

/** The top modal of a user. */
function topView(core: Core, user: string, viewId: string): SandboxView {
  const top = core.world.modals.get(user)?.at(-1);
  if (top?.id === viewId) return top;
  throw new SandboxControlError('view_not_found', `\`${user}\` does not have modal \`${viewId}\` on top of the screen`);
}

/** Puts values into the inputs of a view. @throws SandboxControlError `element_not_found`, `option_not_found`. */
export function fillIn(view: SandboxView, values: InputValues): void {
  view.values = stateOf(view.blocks, view.values);
  for (const [id, value] of Object.entries(values)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [actionId, one] of Object.entries(value)) put(view, one, actionId, id);
      continue;
    }
    const ofBlock = view.blocks.some((entry) => entry['block_id'] === id);
    const actionId = ofBlock ? (Object.keys(view.values[id] ?? {})[0] ?? '') : id;
    put(view, value, actionId, ofBlock ? id : undefined);
  }
}

function put(view: SandboxView, value: InputValue, actionId: string, blockId: string | undefined): void {
  const found = findElement(view.blocks, actionId, blockId);
  if (!found) {
    const what = blockId === undefined ? actionId : `${blockId}/${actionId}`;
    throw new SandboxControlError('element_not_found', `the view has no input \`${what}\``);
  }
  (view.values[String(found.block['block_id'])] ??= {})[actionId] = chosen(found.element, value);
}

/** Fills in and submits: delivers `view_submission` and does what the answer says. */
export async function submit(core: Core, act: Submit): Promise<SubmitResult> {
  const user = actor(core, act.user);
  const view = topView(core, act.user, act.viewId);
  fillIn(view, act.values ?? {});
  view.errors = localErrors(view, isEmpty);
  if (Object.keys(view.errors).length > 0) {
    core.world.changed();
    return {
      sent: false,
      outcome: 'errors',
      errors: view.errors,
      status: 0,
      body: '',
      ackMs: 0,
      ok: false,
      deliveries: [],
    };
  }
  const payload = viewSubmission(core, user, view);
  const result = actResult(await core.deliverer.deliver('interaction', payload));
  const outcome = result.ok ? applyResponse(core, view, result.body) : 'failed';
  if (outcome === 'failed') {
    showProblem(core, user.id, `We had some trouble connecting. Try again? (${trouble(result)})`);
  }
  core.world.changed();
  return { ...result, sent: true, outcome, errors: view.errors };
}

/** Applies the app's `response_action`; an answer Slack would not understand fails, and the modal stays. */
function applyResponse(core: Core, view: SandboxView, body: string): SubmitResult['outcome'] {
  if (body.trim() === '') {
    popView(core, view.user, false);
    return 'closed';
  }
  const answer = parseJson(body);
  if (!isObject(answer)) return 'failed';
  try {
    return applyAction(core, view, answer);
  } catch (error) {
    if (error instanceof SlackApiError) return 'failed';
    throw error;
  }
}

function applyAction(core: Core, view: SandboxView, answer: JsonObject): SubmitResult['outcome'] {
  switch (asString(answer['response_action'])) {
    case undefined:
      popView(core, view.user, false);
      return 'closed';
    case 'clear':
      popView(core, view.user, true);
      return 'cleared';
    case 'update':
      replaceView(core, view, readView(answer['view'], 'modal'));
      return 'updated';
    case 'push':
      pushView(core, view.user, readView(answer['view'], 'modal'));
      return 'pushed';
    case 'errors': {
      const errors = Object.entries(asObject(answer['errors']));
      const inputs = view.blocks.filter((block) => block['type'] === 'input').map((block) => block['block_id']);
      // Slack shows errors only under input blocks; anything else is "trouble connecting".
      if (errors.length === 0 || errors.some(([id, text]) => !inputs.includes(id) || !asString(text))) return 'failed';
      view.errors = Object.fromEntries(errors.map(([id, text]) => [id, String(text)]));
      return 'errors';
    }
    default:
      return 'failed';
  }
}

/**
 * Closes the top modal (or, with `all`, the whole stack, as its cross does), and tells the app where it asked to be told.
 * @returns the deliveries of `view_closed`, top view first; empty when no view wanted one.
 */
export async function close(core: Core, act: { user: string; viewId: string; all?: boolean }): Promise<ActResult[]> {
  const user = actor(core, act.user);
  const view = topView(core, act.user, act.viewId);
  const all = act.all === true || view.clearOnClose;
  const gone = popView(core, act.user, all).reverse();
  const results: ActResult[] = [];
  for (const closed of gone) {
    if (!closed.notifyOnClose) continue;
    const payload = viewClosed(core, user, closed, all);
    results.push(actResult(await core.deliverer.deliver('interaction', payload)));
  }
  return results;
}
