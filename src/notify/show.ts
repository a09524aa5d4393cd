import type { ApprovalState } from '../approval/index.ts';
import type { JsonObject } from '../contract/index.ts';
import { applyChanges } from '../policy/index.ts';
import { discloseRequest } from '../sealing/index.ts';
import type { NotifyDeps } from './deps.ts';
import type { ApprovalMessage } from './approval-message.ts';
import type { ActionState } from '../store/action-state.ts';
import { approvalMessage, revisionOf } from './message.ts';
import { summaryOf } from '../engine/summary.ts';

/** How far back approvers see similar requests. */
const LATELY_DAYS = 30;
/** Others that one message lists. */
const ALIKE_MAX = 10;

export type ShowDeps = Pick<NotifyDeps, 'store' | 'directory' | 'consoleUrl' | 'now'>;

/** The message of an action with everything that helps to decide: precedents, and requests like it that wait as well. */
export async function showAction(
  deps: ShowDeps,
  state: ActionState,
  approval: ApprovalState | null,
): Promise<ApprovalMessage> {
  const { tenant } = state.action;
  const verdict = state.action.verdict;
  const since = new Date(deps.now().getTime() - LATELY_DAYS * 24 * 3600 * 1000).toISOString();
  const like = {
    surface: state.surface,
    policy: verdict?.policy ?? undefined,
    rule: verdict?.rule ?? undefined,
    except: state.action.id,
  };
  const [{ approved, refused }, others, values] = await Promise.all([
    deps.store.records.precedents(tenant, like, since),
    state.action.status === 'supervised' ? alike(deps, state) : [],
    shownValues(deps, state),
  ]);
  return approvalMessage(state, {
    directory: deps.directory.current(tenant),
    consoleUrl: deps.consoleUrl,
    lately: { approved, refused, days: LATELY_DAYS },
    alike: others,
    approval,
    shownValues: values,
  });
}

/** Values that policy shows to approvers and records only commit to, with approvers' changes. Empty where the request was erased. */
async function shownValues(deps: ShowDeps, { show, action }: ActionState): Promise<JsonObject> {
  if (show === undefined) return {};
  const stored = await deps.store.payloads.read(action.tenant, action.id);
  if (stored === null) return {};
  const { request, changes, decided = {} } = stored.payload;
  const all = Object.values(decided).reduce<JsonObject>((before, after) => ({ ...before, ...after }), { ...changes });
  return discloseRequest(applyChanges(request, all), show, stored.actionKey).disclosed;
}

/** The message of an action by itself, without what helps to compare it with others. */
export async function showStep(deps: ShowDeps, state: ActionState): Promise<ApprovalMessage> {
  return approvalMessage(state, {
    directory: deps.directory.current(state.action.tenant),
    consoleUrl: deps.consoleUrl,
    lately: null,
    alike: [],
    approval: state.approval,
    shownValues: await shownValues(deps, state),
  });
}

/** Whether a message shows the whole action. */
const isWhole = async (deps: ShowDeps, state: ActionState): Promise<boolean> =>
  (await showStep({ ...deps, consoleUrl: null }, state)).unread === undefined;

/** Actions of the same surface, actor and rule that wait at the same stage; without those that have to be read elsewhere first. */
async function alike(deps: ShowDeps, state: ActionState): Promise<ApprovalMessage['alike']> {
  const { action, surface, actor } = state;
  const rule = action.verdict?.rule ?? null;
  const alikeTo = { surface, actor: actor.id, rule, except: action.id };
  const waiting = await deps.store.actions.waitingAlike(action.tenant, alikeTo, ALIKE_MAX);
  const open = waiting.map((row) => row.view).filter(({ approval }) => approval?.status === 'open');
  const whole = await Promise.all(open.map((other) => isWhole(deps, other)));
  return open
    .filter((_, index) => whole[index])
    .map((other) => ({
      action: other.action.id,
      revision: revisionOf(other, other.approval),
      stage: other.approval?.stage ?? 0,
      summary: summaryOf(other),
    }));
}
