/** What the workflow of a step needs in addition to its action's records. */
import type { EngineDeps, Histories } from '../deps.ts';
import { readLife } from '../life.ts';
import { withPermit } from '../seal.ts';
import type { ActionRef, Sealed } from '../types.ts';

/** The status of an action, by its records. */
export async function lookAt(deps: Pick<EngineDeps, 'store' | 'signers'>, { tenant, id }: ActionRef): Promise<Sealed> {
  const life = await readLife(deps, tenant, id);
  if (life === null) throw new Error('a look at an action that is not stored');
  const { state, sealedPermit } = life;
  return { action: await withPermit(deps, state, sealedPermit), approval: state.approval, effects: [] };
}

/** Restarts the workflow of a step's plan from the records of its steps. */
export async function resumePlan(
  deps: Pick<EngineDeps, 'store' | 'signers' | 'log'> & { histories: Histories },
  { tenant, id }: ActionRef,
): Promise<void> {
  const step = (await readLife(deps, tenant, id))?.verdict.step;
  if (step === undefined) return;
  deps.log.warn(
    { plan: step.plan, tenant },
    'a plan had no workflow: it is taken up again from the records of its steps',
  );
  await deps.histories.resumePlan(tenant, step.plan);
}
