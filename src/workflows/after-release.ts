/** What the workflow of an action does from its release to its outcome. */
import { condition, proxyActivities } from '@temporalio/workflow';
import type { ExecutionActivities } from '../activities/types.ts';
import type { Judged } from '../engine/types.ts';
import { become, isEnded, type ActionRun } from './action-run.ts';
import { refOf } from './current-action.ts';
import { local } from './local-activities.ts';

/** How long the workflow of an unreported action waits for a late report or an owner before it closes. */
const UNSETTLED_MS = 90 * 24 * 3600 * 1000;

/** The engine's clock and Temporal's may differ, so a check is not repeated immediately. */
const LOOK_MIN_MS = 1000;

/** Not local: it may take as long as somebody else's system does. It ends by itself when the action is settled, lapsed or unreported. */
const { execute } = proxyActivities<ExecutionActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/** Brings the policies into force that the released action is about. */
export function publishReleasedPolicy(run: ActionRun): Promise<void> {
  return run.exclusive(async () => {
    become(run, await local.publishPolicy({ action: refOf(run) }));
  });
}

/** Has the action executed by a connector, and looks what that led to. */
export async function executeByConnector(run: ActionRun): Promise<void> {
  await execute({ action: refOf(run) }).catch(() => undefined);
  await run.exclusive(() => sealSilence(run));
}

/** Waits for a report. Looks first when the permit has run out; the records say when to look again. */
export async function awaitReport(run: ActionRun, { permitMs, outcomeWithinMs }: Judged): Promise<void> {
  const firstMs = Math.min(permitMs ?? outcomeWithinMs, outcomeWithinMs);
  for (let wait: number | null = firstMs; wait !== null && !isEnded(run);) {
    const seen = run.collected;
    await condition(() => isEnded(run) || run.collected !== seen, wait);
    if (isEnded(run)) return;
    wait = run.collected === seen ? await run.exclusive(() => sealSilence(run)) : firstMs;
  }
}

/** Waits for a late report, or for an owner who reconciles an unreported action. */
export function awaitSettlement(run: ActionRun): Promise<boolean> {
  return condition(() => isEnded(run), UNSETTLED_MS);
}

/** Seals that nobody collected or reported; milliseconds to the next look where it is too early, else null. */
async function sealSilence(run: ActionRun): Promise<number | null> {
  if (isEnded(run)) return null;
  const sealed = await local.sealOutcome({ action: refOf(run), outcome: null });
  if ('wakeAt' in sealed) return Math.max(LOOK_MIN_MS, sealed.wakeAt - Date.now());
  if ('refusal' in sealed) return null;
  become(run, sealed);
  return null;
}
