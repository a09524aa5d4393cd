/** Plans through the log: whether the steps are those that were reviewed together, and were released in their order. */
import { hashOf } from '../canonical/index.ts';
import type { PlanStep, RecordPayload, ReleaseRecord, VerdictRecord } from '../contract/index.ts';
import type { Defect } from './finding.ts';

interface Step {
  index: number;
  requestHash: string | null;
  executed: boolean;
  /** A person refused it: the others go on without it. */
  takenOut: boolean;
  /** It can no longer come to be executed. */
  over: boolean;
}

interface Plan {
  step: PlanStep;
  steps: Map<number, Step>;
}

export class PlansAudit {
  readonly #plans = new Map<string, Plan>();
  readonly #ofAction = new Map<string, { plan: Plan; step: Step }>();

  /** What is wrong with the next record for the sake of the plan that its action is a step of. */
  add(record: RecordPayload): Defect[] {
    if (record.type === 'verdict' && record.seq === 0) return this.#joined(record);
    const known = this.#ofAction.get(record.action);
    if (known === undefined) return [];
    const { plan, step } = known;
    switch (record.type) {
      case 'verdict':
        step.over = true;
        return [];
      case 'decision':
        step.takenOut ||= record.decision === 'refuse';
        step.over ||= record.decision === 'expired' || record.decision === 'cancelled';
        return [];
      case 'outcome':
        step.executed = record.status === 'executed';
        step.over = !step.executed;
        return [];
      case 'reconcile':
        step.executed = record.body['status'] === 'executed';
        return [];
      case 'release':
        return released(plan, step, record);
      default:
        return [];
    }
  }

  #joined({ action, requestHash, step, verdict }: VerdictRecord): Defect[] {
    if (step === undefined) return [];
    const plan = this.#plans.get(step.plan) ?? { step, steps: new Map<number, Step>() };
    this.#plans.set(step.plan, plan);
    const differs = (why: string): Defect[] => [{ code: 'plan-differs', message: `it says that it is a step ${why}` }];
    const { index: _index, ...mine } = step;
    const { index: _other, ...theirs } = plan.step;
    if (hashOf({ ...mine }) !== hashOf({ ...theirs })) return differs('of another plan than its other steps say');
    if (plan.steps.has(step.index)) return differs('that the plan has already');
    const refused = verdict.decision === 'refuse';
    const entry = { index: step.index, requestHash, executed: false, takenOut: false, over: refused };
    plan.steps.set(step.index, entry);
    this.#ofAction.set(action, { plan, step: entry });
    return [];
  }
}

function released({ step: plan, steps }: Plan, step: Step, { replaces, tenant }: ReleaseRecord): Defect[] {
  // A fresh permit is of the same release.
  if (replaces != null) return [];
  if (steps.size !== plan.of) {
    const message = `it was released when ${steps.size} of the ${plan.of} steps of its plan were judged`;
    return [{ code: 'plan-order', message }];
  }
  const defects: Defect[] = [];
  if (wholeOf(tenant, plan, steps) !== plan.whole) {
    defects.push({ code: 'plan-differs', message: 'the steps of its plan are not those that were reviewed together' });
  }
  const passed = ({ executed, takenOut, over }: Step): boolean =>
    executed || takenOut || (over && plan.onFailure === 'continue');
  const open = plan.order === 'any' ? [] : [...steps.values()].filter((one) => one.index < step.index && !passed(one));
  if (open.length > 0) {
    const which = open.map(({ index }) => index + 1).join(', ');
    defects.push({ code: 'plan-order', message: `it was released before step ${which} of its plan was executed` });
  }
  return defects;
}

/** docs/formats.md, "Plans" */
const wholeOf = (tenant: string, { plan, order, onFailure, title }: PlanStep, steps: Plan['steps']): string =>
  hashOf({
    kind: 'countersign.plan/v1',
    tenant,
    plan,
    order,
    onFailure,
    title,
    steps: [...steps.values()].sort((a, b) => a.index - b.index).map(({ requestHash }) => requestHash),
  });
