/** A year of ordinary business: working days, many requesters and approvers, amounts of many sizes, and nothing wrong. */
import type { ActionRequest } from '../../src/contract/index.ts';
import { seededRandom } from '../../test/support/random.ts';
import { HOUR_MS, MINUTE_MS, type Calendar } from './clock.ts';
import type { Cast } from './people.ts';
import type { Ending, PlannedAction, Word } from './plan.ts';

type Random = (below: number) => number;

const REASONS = [
  'matches the order that came back',
  'checked against the invoice of the supplier',
  'the customer sent photographs of the damage',
  'agreed with the team on the phone',
  'the amount is in the contract, page four',
  'late delivery, compensated as promised',
];
const CURRENCIES = ['USD', 'USD', 'USD', 'EUR', 'EUR', 'GBP', 'JPY'];

/** Bounds at which policy asks somebody else: ordinary people do not ask for several amounts just below them on one day. */
const BOUNDS = [100, 1000];
const NEAR = 0.79;

interface Kind {
  surface: string;
  action: string;
  /** Of hundred. */
  share: number;
  resource: string;
  priced: boolean;
  params(random: Random, n: number): Record<string, string | number>;
}

const KINDS: readonly Kind[] = [
  {
    surface: 'payments.refund',
    action: 'refund.create',
    share: 46,
    resource: 'order',
    priced: true,
    params: () => ({}),
  },
  { surface: 'payments.payout', action: 'payout.send', share: 14, resource: 'payee', priced: true, params: () => ({}) },
  {
    surface: 'payroll.adjust',
    action: 'payroll.adjust',
    share: 6,
    resource: 'employee',
    priced: true,
    params: () => ({}),
  },
  {
    surface: 'crm.update',
    action: 'customer.update',
    share: 14,
    resource: 'customer',
    priced: false,
    params: (random) => ({ field: ['address', 'phone', 'segment'][random(3)] ?? '' }),
  },
  {
    surface: 'email.campaign',
    action: 'campaign.send',
    share: 5,
    resource: 'list',
    priced: false,
    params: (random) => ({ recipients: 10 + random(5000) }),
  },
  {
    surface: 'records.export',
    action: 'records.export',
    share: 5,
    resource: 'dataset',
    priced: false,
    params: (random) => ({ rows: 1 + random(4000) }),
  },
  {
    surface: 'deploy.prod',
    action: 'deploy',
    share: 7,
    resource: 'service',
    priced: false,
    params: (random, n) => ({ version: `1.${random(40)}.${n}`, risk: random(3) === 0 ? 'normal' : 'low' }),
  },
  {
    surface: 'access.grant',
    action: 'access.grant',
    share: 3,
    resource: 'system',
    priced: false,
    params: (random) => ({ role: random(4) === 0 ? 'editor' : 'reader' }),
  },
];

/** Which kind the `n`th of hundred is. */
const kindAt = (n: number): Kind => {
  let left = n;
  for (const kind of KINDS) if ((left -= kind.share) < 0) return kind;
  return KINDS[0] as Kind;
};

/** Many small amounts and few large ones, as prices are, exact to the currency's smallest unit. */
function amountOf(random: Random, currency: string): number {
  const amount = 10 ** ((random(1_000_000) / 1_000_000) ** 1.25 * 3.02) * 1.137;
  return currency === 'JPY' ? Math.max(1, Math.round(amount)) : Math.round(amount * 100) / 100;
}

const isNear = (amount: number): boolean => BOUNDS.some((bound) => amount > bound * NEAR && amount <= bound);

export interface Year {
  calendar: Calendar;
  cast: Cast;
  count: number;
  seed: number;
}

/** In the order of time. */
export function* ordinaryYear({ calendar, cast, count, seed }: Year): Generator<PlannedAction> {
  const random = seededRandom(seed);
  const pick = <T>(of: readonly T[]): T => of[random(of.length)] as T;
  const days = calendar.workdays.length;
  const near = new Map<string, number>();
  for (let n = 0; n < count;) {
    const day = Math.floor((n * days) / count);
    const today: number[] = [];
    for (; n + today.length < count && Math.floor(((n + today.length) * days) / count) === day;) {
      today.push(calendar.at(day, 8, 30) + random(7 * HOUR_MS));
    }
    today.sort((a, b) => a - b);
    for (const askedAt of today) {
      n += 1;
      const kind = kindAt(random(100));
      const requester = pick(cast.requesters);
      const currency = pick(CURRENCIES);
      let amount = amountOf(random, currency);
      const key = `${requester} ${kind.surface} ${currency}`;
      while (isNear(amount) && day - (near.get(key) ?? -9) < 2) amount = amountOf(random, currency);
      if (isNear(amount)) near.set(key, day);
      const request: ActionRequest = {
        surface: kind.surface,
        action: kind.action,
        actor: { id: pick(cast.bots), type: 'agent', onBehalfOf: { id: requester, type: 'user' } },
        resource: { type: kind.resource, id: `${kind.resource}_${seed % 1000}_${n}` },
        params: { ...(kind.priced ? { amount, currency } : {}), ...kind.params(random, n) },
      };
      yield { key: `seed-${seed}-${n}`, askedAt, request, word: wordOf(random, cast, kind), ending: endingOf(random) };
    }
  }
}

function wordOf(random: Random, cast: Cast, { surface, priced }: Kind): Word | null {
  // One of three hundred is forgotten, and expires.
  if (random(300) === 0) return null;
  const team = surface === 'deploy.prod' || surface === 'access.grant' ? cast.operations : cast.finance;
  const by = team[random(team.length)] ?? '';
  const after = 45_000 + random(22) * MINUTE_MS + random(60_000);
  const reason = REASONS[random(REASONS.length)] ?? '';
  if (random(11) === 0) return { by, decision: 'refuse', reason: 'not covered by what we agreed with them', after };
  const lowered = priced && surface === 'payments.refund' && random(25) === 0;
  return {
    by,
    decision: 'approve',
    reason,
    after,
    ...(lowered ? { changes: { 'params.amount': 90 + random(10) } } : {}),
  };
}

function endingOf(random: Random): Ending {
  const redeemed = 400 + random(20_000);
  return { redeemed, reported: redeemed + 300 + random(60_000), status: random(80) === 0 ? 'failed' : 'executed' };
}
