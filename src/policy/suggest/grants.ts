/** Standing approvals that would have covered what people approved one by one. */
import { addDecimals, compareDecimals, formatDecimal, parseDecimal, type Decimal } from '../../canonical/index.ts';
import { foldId } from '../../contract/index.ts';
import { readAmount } from '../amounts.ts';
import { readPath } from '../paths.ts';
import type { AskingRule, DecidedCase, Draft } from './types.ts';

/** How long a grant could last, shortest first. */
const WITHIN = [
  { text: '1h', ms: 3_600_000 },
  { text: '4h', ms: 4 * 3_600_000 },
  { text: '8h', ms: 8 * 3_600_000 },
  { text: '12h', ms: 12 * 3_600_000 },
] as const;
const USES = 20;
/** A longer grant is only suggested if it saves this much more than a shorter one. */
const WORTH = 1.25;

const NOTHING: Decimal = { units: 0n, scale: 0 };

/** What grants of one length would have done. */
interface Savings {
  fewer: number;
  through: number;
  /** The largest sum that one of them covered. */
  sum: Decimal;
  inside: DecidedCase | null;
}

/**
 * Where one approval could have covered similar requests: same actor, verb and currency, up to twenty within the time. Null where policy has
 * grants, where nothing may be granted, or where it would have saved less than `least`.
 */
export function grantDraft(
  { policy, rule, cases }: AskingRule,
  { through, least }: { through: number; least: number },
): Draft | null {
  const [stage, ...more] = rule.approval?.stages ?? [];
  const alone = stage?.quorum === 1 && stage.assurance === null && more.length === 0;
  if (policy.grants !== null || !alone) return null;
  let best: (Savings & { within: string }) | null = null;
  for (const { text, ms } of WITHIN) {
    const savings = savingsOf({ policy, cases }, ms);
    if (savings.through > through || savings.fewer < least) continue;
    if (best === null || savings.fewer >= best.fewer * WORTH) best = { ...savings, within: text };
  }
  if (best?.inside == null) return null;
  const { fewer, inside, sum, within } = best;
  const bounded = compareDecimals(sum, NOTHING) > 0 ? { upTo: formatDecimal(sum) } : {};
  const says = `an approver may say yes to the like for ${within}, ${String(USES)} times${'upTo' in bounded ? `, up to ${String(bounded.upTo)} in all` : ''}`;
  return {
    kind: 'grant',
    says,
    promised: fewer,
    when: null,
    grants: { ...bounded, uses: USES, within },
    inside,
    outside: null,
    counted: { fewer, through: best.through },
  };
}

function savingsOf({ policy, cases }: Pick<AskingRule, 'policy' | 'cases'>, ms: number): Savings {
  const savings: Savings = { fewer: 0, through: 0, sum: NOTHING, inside: null };
  const { amount, currency } = policy.sameness;
  const disclosed = policy.disclose.includes(amount);
  /** By kind of request: until when, how often, and for how much a grant was used. */
  const open = new Map<string, { until: number; uses: number; sum: Decimal }>();
  const inTime = [...cases].sort((a, b) => (a.facts.now < b.facts.now ? -1 : 1));
  for (const one of inTime) {
    const now = Date.parse(one.facts.now);
    const unit = readPath(one.request, currency);
    const like = JSON.stringify([foldId(one.request.actor.id), one.request.action, unit ?? null]);
    const read = readAmount(readPath(one.request, amount) ?? null);
    const asked = disclosed && read.ok ? parseDecimal(read.text, Infinity) : NOTHING;
    const grant = open.get(like);
    if (grant !== undefined && now < grant.until && grant.uses < USES) {
      if (one.decided === 'refused') savings.through += 1;
      else {
        savings.fewer += one.decided === 'approved' ? 1 : 0;
        grant.uses += 1;
        grant.sum = addDecimals(grant.sum, asked);
        if (compareDecimals(grant.sum, savings.sum) > 0) savings.sum = grant.sum;
      }
    } else if (one.decided === 'approved') {
      open.set(like, { until: now + ms, uses: 0, sum: NOTHING });
      savings.inside = one;
    }
  }
  return savings;
}
