/** Plans through the log: whether the steps are those that were reviewed together, and were released in their order. */
import { hashOf } from '../canonical/index.ts';
import type { PlanStep, RecordPayload, ReleaseRecord, VerdictRecord } from '../contract/index.ts';
import type { Defect } from './finding.ts';

interface Step {
  index: number;
  requestHash: string | null;
  executed: boolean;
  /** A person refused it, and the others continue without it. */
  takenOut: boolean;
  /** It can no longer be executed. */
  over: boolean;
}

/** Steps that were added together. They record the same plan, and the same number of steps at that time. */
interface Part {
  /** The number of the first of them. */
  from: number;
  step: PlanStep;
}

interface Plan {
  /** In the order in which they were added. Only an open plan has more than one. */
  parts: Part[];
  steps: Map<number, Step>;
}

export class PlansAudit {
  readonly #plans = new Map<string, Plan>();
  readonly #ofAction = new Map<string, { plan: Plan; part: Part; step: Step }>();

  /** What is wrong with the next record in view of the plan that its action belongs to. */
  add(record: RecordPayload): Defect[] {
    if (record.type === 'verdict' && record.seq === 0) return this.#joined(record);
    const known = this.#ofAction.get(record.action);
    if (known === undefined) return [];
    const { step } = known;
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
        return released(known, record);
      default:
        return [];
    }
  }

  #joined({ action, requestHash, step, verdict }: VerdictRecord): Defect[] {
    if (step === undefined) return [];
    const plan = this.#plans.get(step.plan) ?? { parts: [], steps: new Map<number, Step>() };
    this.#plans.set(step.plan, plan);
    const differs = (why: string): Defect[] => [{ code: 'plan-differs', message: `it says that it is a step ${why}` }];
    const part = partOf(plan.parts, step);
    if (part === null) return differs('of another plan than its other steps say');
    if (plan.steps.has(step.index)) return differs('that the plan has already');
    const refused = verdict.decision === 'refuse';
    const entry = { index: step.index, requestHash, executed: false, takenOut: false, over: refused };
    plan.steps.set(step.index, entry);
    this.#ofAction.set(action, { plan, part, step: entry });
    return [];
  }
}

/** The steps that it was added with. It begins a new group where an open plan has all steps before it. Null where it fits none. */
function partOf(parts: Part[], step: PlanStep): Part | null {
  const last = parts.at(-1);
  if (last !== undefined && step.index < last.step.of) {
    const part = parts.findLast(({ from }) => from <= step.index);
    return part !== undefined && saidOf(part.step) === saidOf(step) ? part : null;
  }
  if (
    last !== undefined &&
    (last.step.open !== true || step.of <= last.step.of || rulesOf(last.step) !== rulesOf(step))
  )
    return null;
  const part = { from: last?.step.of ?? 0, step };
  parts.push(part);
  return part;
}

/** What a step records of its plan, and which part of that is the same for all steps, also later ones. */
const saidOf = ({ index: _index, ...said }: PlanStep): string => hashOf({ ...said });
const rulesOf = ({ index: _index, of: _of, whole: _whole, ...rules }: PlanStep): string => hashOf({ ...rules });

function released(
  { plan: { steps: all }, part: { step: plan }, step }: { plan: Plan; part: Part; step: Step },
  { replaces, tenant }: ReleaseRecord,
): Defect[] {
  // A fresh permit belongs to the same release.
  if (replaces != null) return [];
  // Steps that joined later do not concern these.
  const steps = [...all.values()].filter(({ index }) => index < plan.of).sort((a, b) => a.index - b.index);
  if (steps.length !== plan.of) {
    const message = `it was released when ${steps.length} of the ${plan.of} steps of its plan were judged`;
    return [{ code: 'plan-order', message }];
  }
  const defects: Defect[] = [];
  if (wholeOf(tenant, plan, steps) !== plan.whole) {
    defects.push({ code: 'plan-differs', message: 'the steps of its plan are not those that were reviewed together' });
  }
  const passed = ({ executed, takenOut, over }: Step): boolean =>
    executed || takenOut || (over && plan.onFailure === 'continue');
  const open = plan.order === 'any' ? [] : steps.filter((one) => one.index < step.index && !passed(one));
  if (open.length > 0) {
    const which = open.map(({ index }) => index + 1).join(', ');
    defects.push({ code: 'plan-order', message: `it was released before step ${which} of its plan was executed` });
  }
  return defects;
}

/** docs/formats.md, "Plans" */
const wholeOf = (tenant: string, { plan, order, onFailure, title, open }: PlanStep, steps: readonly Step[]): string =>
  hashOf({
    kind: 'countersign.plan/v1',
    tenant,
    plan,
    order,
    onFailure,
    title,
    ...(open === true ? { open } : {}),
    steps: steps.map(({ requestHash }) => requestHash),
  });
