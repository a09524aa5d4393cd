import { addDecimals, formatDecimal, parseDecimal, type Decimal } from '../canonical/index.ts';
import type { Facts, Judgement } from '../contract/index.ts';
import type { ActionState } from '../store/action-state.ts';

const exact = (text: string): Decimal => parseDecimal(text, Infinity);

function left(max: string, used: string, amount: string): string {
  const taken = addDecimals(exact(used), exact(amount));
  return formatDecimal(addDecimals(exact(max), { units: -taken.units, scale: taken.scale }));
}

/** What each limit has left after this action, as approvers see it. */
export function limitsLeft(judgement: Judgement, facts: Facts): ActionState['limits'] {
  return judgement.reservations.map(({ limit, key, amount, max }) => {
    const used =
      facts.limits.find((fact) => fact.limit === limit && fact.key.join('\n') === key.join('\n'))?.used ?? '0';
    return { label: limit, left: left(max, used, amount), max };
  });
}
