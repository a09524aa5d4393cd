/** One click about many steps. It makes an ordinary decision for each step, attested and sealed separately. */
import { CountersignError, isCountersignError, isOpen, type PlanDecision } from '../../contract/index.ts';
import type { PlanDecided, PlanView } from '../../contract/views/index.ts';
import { stateAsAsked, type Life } from '../../engine/life.ts';
import { inLanes, type PlanLives } from '../../engine/plans/read.ts';
import { withdrawStep } from '../../engine/plans/withdraw.ts';
import type { Caller } from '../../identity/index.ts';
import { isRequester } from '../access.ts';
import { approverOf } from '../approvers.ts';
import { recordRefusal } from '../attempts.ts';
import type { GatewayDeps } from '../deps.ts';
import type { Approvals } from '../types.ts';
import { planFor, viewFor } from './read.ts';
import { tellStep } from './tell.ts';
import type { Plans } from './types.ts';

type Decision = PlanDecided['decided'][number];

/** A step, and the decision about it. */
interface Word {
  index: number;
  life: Life;
  decision: Decision['decision'];
}

export function planDecisions(
  deps: GatewayDeps,
  { decide }: Pick<Approvals, 'decide'>,
): Pick<Plans, 'decidePlan' | 'cancelPlan'> {
  return {
    async decidePlan(caller, id, input, door, evidence) {
      const plan = await planFor(deps, caller, id);
      const words = await recordRefusal(deps, caller, id, door, () => wordsOf(deps, caller, plan, input));
      const decided = await inLanes(words, async ({ index, life, decision }): Promise<Decision> => {
        const action = life.state.action.id;
        const said = { decision, ...(input.reason === undefined ? {} : { reason: input.reason }) };
        const refused = await refusalOf(() => decide(caller, action, said, door, evidence?.(action)));
        return { index, action, decision, code: refused?.code ?? null, detail: refused?.message ?? null };
      });
      const [first] = decided;
      const none = decided.every(({ code }) => code !== null);
      if (none && first?.code != null) {
        const details = decided.map(({ index, detail }) => ({ pointer: `/steps/${index}`, detail: detail ?? '' }));
        const code = first.code as CountersignError['code'];
        throw new CountersignError(code, first.detail ?? 'it counts for no step', { errors: details });
      }
      return { plan: viewFor(deps, caller, await planFor(deps, caller, id)), decided };
    },

    cancelPlan: (caller, id, reason) =>
      recordRefusal(deps, caller, id, 'api', () => cancel(deps, caller, id, reason ?? null)),
  };
}

async function refusalOf(work: () => Promise<unknown>): Promise<CountersignError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (isCountersignError(error)) return error;
    throw error;
  }
}

/** The decisions that a call makes: about the named steps, or about all that wait for this person. */
async function wordsOf(deps: GatewayDeps, caller: Caller, plan: PlanLives, input: PlanDecision): Promise<Word[]> {
  const beyond = (input.steps ?? []).filter((index) => index >= plan.step.of);
  if (beyond.length > 0) {
    const detail = `the plan has ${plan.step.of} steps, numbered from 0`;
    throw new CountersignError('invalid-request', detail, { errors: [{ pointer: '/steps', detail }] });
  }
  const theirs: Word[] = [];
  let refused: CountersignError | null = null;
  for (const [index, life] of plan.lives.entries()) {
    if (life === null || life.state.action.status !== 'supervised') continue;
    const why = await refusalOf(() => approverOf(deps, caller, stateAsAsked(life)));
    if (why === null) theirs.push({ index, life, decision: input.decision });
    refused ??= why;
  }
  const { steps } = input;
  if (steps === undefined && theirs.length === 0) {
    throw refused ?? new CountersignError('not-open', 'no step of this plan waits for a decision; nothing was changed');
  }
  if (steps === undefined) return theirs;
  // A named step that is not theirs is tried as well, so that the caller learns why the decision does not count.
  const named = plan.lives.flatMap((life, index): Word[] =>
    life !== null && steps.includes(index) ? [{ index, life, decision: input.decision }] : [],
  );
  const others = input.rest === undefined ? [] : theirs.filter(({ index }) => !steps.includes(index));
  return [...named, ...others.map((word): Word => ({ ...word, decision: 'refuse' }))].sort((a, b) => a.index - b.index);
}

/** The requester's side withdraws every step that nobody began. Each withdrawal is sealed separately. */
async function cancel(deps: GatewayDeps, caller: Caller, id: string, reason: string | null): Promise<PlanView> {
  const plan = await planFor(deps, caller, id);
  const states = plan.lives.flatMap((life) => (life === null ? [] : stateAsAsked(life)));
  if (!states.every((state) => isRequester(caller, state))) {
    throw new CountersignError('forbidden', 'only the requester withdraws a plan; as an approver, refuse its steps');
  }
  const open = states.filter(
    ({ action }) => isOpen(action.status) || (action.status === 'released' && action.redeemedAt == null),
  );
  if (open.length === 0) {
    throw new CountersignError('not-open', 'every step of this plan was begun or ended; nothing was changed');
  }
  const { tenant } = caller;
  await inLanes(open.toReversed(), async ({ action }) => {
    const attestation = await deps.attestor.attest({
      kind: 'cancel',
      tenant,
      action: action.id,
      by: caller.id,
      via: 'api',
      reason,
    });
    const said = { by: caller.id, attestation, signer: deps.keys.attestation };
    await withdrawStep(deps, tenant, action.id, { reason: reason ?? 'its plan was withdrawn', said });
    tellStep(deps, tenant, action.id, id);
  });
  return viewFor(deps, caller, await planFor(deps, caller, id));
}
