import { addDecimals, formatDecimal, parseSum } from '../canonical/index.ts';
import type { Facts, Judgement } from '../contract/index.ts';
import type { ActionState } from '../store/action-state.ts';

function remaining(max: string, used: string, amount: string): string {
  const taken = addDecimals(parseSum(used), parseSum(amount));
  return formatDecimal(addDecimals(parseSum(max), { units: -taken.units, scale: taken.scale }));
}

/** What each limit has left after this action, as approvers see it. */
export function limitsLeft(judgement: Judgement, facts: Facts): ActionState['limits'] {
  return judgement.reservations.map(({ limit, key, amount, max }) => {
    const used =
      facts.limits.find((fact) => fact.limit === limit && fact.key.join('\n') === key.join('\n'))?.used ?? '0';
    return { label: limit, left: remaining(max, used, amount), max };
  });
}
