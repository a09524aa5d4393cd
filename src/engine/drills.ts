/** Planted requests: they are asked like any other, and never released. */
import { CountersignError, type Action, type DecisionRecord, type OtherRecord } from '../contract/index.ts';
import type { Drill, Looked } from '../register/index.ts';
import { openedBody, type DrillEnd } from '../sealing/index.ts';
import type { EngineDeps } from './deps.ts';
import { nextHead } from './seal.ts';

/** How a drill ends with a decision; null where it goes on. */
export function endOfDrill(
  decision: DecisionRecord['decision'] | undefined,
  status: Action['status'],
): DrillEnd | null {
  if (decision === 'approve') return 'missed';
  if (status === 'refused') return 'caught';
  if (status === 'expired') return 'expired';
  return status === 'cancelled' ? 'withdrawn' : null;
}

interface Ending {
  end: DrillEnd;
  /** Directory id, or `countersign`. */
  by: string;
  surface: string;
  at: string;
}

/** The record that ends a drill, in the action's own chain. */
export function openedDrill(action: Action, drill: Drill, { end, by, surface, at }: Ending): OtherRecord {
  const { planted, opening } = drill;
  const person = (end === 'missed' || end === 'caught') && by.startsWith('user:') ? by : null;
  return {
    ...nextHead(action, 'drill', at),
    by,
    reason: `this was a drill, and nothing of it happens; there was to be seen: ${opening.missed}`,
    body: openedBody({ ...opening, state: 'opened', planted, end, person, surface }),
  };
}

/** The action as its approver sees it once the drill is over. */
export function refusedAsDrill(action: Action, { reason }: OtherRecord): Action {
  const { verdict } = action;
  const said = verdict === null ? null : { ...verdict, decision: 'refuse' as const, reasons: [reason ?? ''] };
  return { ...action, status: 'refused', verdict: said };
}

/** The final guard, before every release and redemption. @throws CountersignError `not-open` */
export function neverADrill(
  { register }: Pick<EngineDeps, 'register'>,
  looked: Looked,
  { tenant, id }: Pick<Action, 'tenant' | 'id'>,
): void {
  if (register.drills.find(looked, tenant, id) === null) return;
  throw new CountersignError('not-open', 'this is a drill: nothing of it is ever released or executed');
}
