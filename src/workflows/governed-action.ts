import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import type { Refusal } from '../engine/types.ts';
import { look, setActionHandlers } from './action-handlers.ts';
import { createActionRun, isEnded, type WorkflowInput } from './action-run.ts';
import { askForVerdict, takeVerdict } from './action-verdict.ts';
import { awaitReport, awaitSettlement, executeByConnector, publishReleasedPolicy } from './after-release.ts';
import { asRefusal, refusalFailure } from './refusal.ts';
import { createSearchable } from './searchable.ts';

/** How long a step that waits for its turn assumes that nothing was sealed of it. */
const LOST_MS = 3600_000;

const NO_INPUT: Refusal = {
  code: 'invalid-request',
  message: 'the workflow was started without its input `{ request, tenant, idempotencyKey, token }`',
};

/**
 * One request to do one thing on one surface, from the request to its sealed outcome.
 *
 * Judge (policy, facts, limits; sealed) → released, refused, or parked until a named human decides → outcome, or `unreported`.
 * Everything that decides is sealed by a local activity before it is answered; a fault anywhere leaves no permit.
 */
export async function governedAction(input: WorkflowInput): Promise<Action> {
  // Whatever its type says: any program can start the workflow.
  if (typeof input !== 'object' || input === null) throw refusalFailure(NO_INPUT);
  const run = createActionRun(input);
  const searchable = createSearchable();
  setActionHandlers(run);

  const answer = await askForVerdict(input, run).catch(asRefusal);
  const { outbox, parked, review } = takeVerdict(input, run, answer);
  const { judged, resumed } = answer;
  searchable(run.action.status);
  const reviewed = review?.closed();

  if (parked !== null) await parked.closed();
  // A step of a plan waits until its plan's workflow says that something was sealed of it; now and then it looks itself.
  const hasTurn = (): boolean => judged.planWorkflow === undefined || run.action.status !== 'evaluating';
  while (!hasTurn()) {
    if (!(await condition(hasTurn, LOST_MS))) await look(run);
  }
  searchable(run.action.status);

  const isReleased = (): boolean => run.action.status === 'released';
  if (isReleased() && judged.activates) await publishReleasedPolicy(run);
  const execution = isReleased() && judged.executes === true ? executeByConnector(run) : undefined;
  if (isReleased()) {
    await awaitReport(run, judged);
    searchable(run.action.status);
    if (!isEnded(run)) await awaitSettlement(run);
  } else if (resumed !== null && run.action.status === 'unreported') {
    await awaitSettlement(run);
  }
  await execution;
  await reviewed;
  await outbox.drained();
  await condition(allHandlersFinished);
  searchable(run.action.status);
  return run.action;
}
