/** Plans: asked, read, decided, withdrawn. */
import type { GatewayDeps } from '../deps.ts';
import type { Approvals } from '../types.ts';
import { planDecisions } from './decide.ts';
import { planFor, untilSo, viewFor } from './read.ts';
import { createPlanStarter, waitsForPeople } from './submit.ts';
import type { Plans } from './types.ts';

export const plans = (deps: GatewayDeps, deciding: Pick<Approvals, 'decide'>): Plans => ({
  ...createPlanStarter(deps),
  async plan(caller, id, waitMs) {
    const { step } = await planFor(deps, caller, id);
    return untilSo(
      deps,
      { tenant: caller.tenant, plan: id, steps: step.of, waitMs },
      async () => viewFor(deps, caller, await planFor(deps, caller, id)),
      (view) => !waitsForPeople(view),
    );
  },
  ...planDecisions(deps, deciding),
});
