/** Actions as a year of ordinary business leaves them, and each anomaly planted beside them. */
import type { AuditContext, AuditedAction } from '../../src/audit/index.ts';
import { seededRandom } from '../support/random.ts';

const DAY_MS = 86_400_000;
export const BEGAN = Date.parse('2026-01-05T00:00:00.000Z');
const at = (day: number, hour: number, minute = 0, second = 0): number =>
  BEGAN + day * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;

export const CONTEXT: AuditContext = {
  tiers: new Map([['payments.refund', ['100', '1000']]]),
  zones: new Map([['user:fatima@acme.test', 'Asia/Tokyo']]),
  zone: 'UTC',
  holidays: new Set(['2026-05-01']),
  now: '2027-01-05T00:00:00.000Z',
};

const iso = (time: number): string => new Date(time).toISOString();
let made = 0;

/** One action, asked for at that time; whatever is not said is ordinary. */
export function action(time: number, more: Partial<AuditedAction> & { wait?: number } = {}): AuditedAction {
  const { wait, ...said } = more;
  made += 1;
  const decided = wait === undefined ? null : time + wait * 1000;
  return {
    ...{ action: `act_${String(made).padStart(6, '0')}`, firstIndex: made * 3, askedAt: iso(time) },
    decidedAt: decided === null ? null : iso(decided),
    releasedAt: iso(decided ?? time),
    ...{ redeemedAt: null, reviewDueAt: null, reviewedAt: null },
    expiresAt: decided === null ? null : iso(time + 4 * 3_600_000),
    ...{ surface: 'payments.refund', actor: 'agent:support-bot', requester: 'user:requester@acme.test' },
    resource: `order ord_${made}`,
    ...{
      status: 'executed',
      releaseBasis: decided === null ? 'rule' : 'override',
      approver: null,
      delegatedFrom: null,
    },
    ...{ extended: false, changed: false, waitMs: wait === undefined ? null : wait * 1000 },
    ...{ amount: '42.50', currency: 'USD', reason: decided === null ? null : 'matches the order that came back' },
    involved: ['agent:support-bot', 'user:requester@acme.test', ...APPROVERS],
    ...said,
  };
}

export const APPROVERS = ['user:ann@acme.test', 'user:bob@acme.test', 'user:cleo@acme.test', 'user:dan@acme.test'];

/** A year in which nothing is wrong: working days, several requesters and approvers, amounts of many sizes. */
export function cleanYear(count: number, seed: number): AuditedAction[] {
  const random = seededRandom(seed);
  const actions: AuditedAction[] = [];
  for (let n = 0; n < count; n += 1) {
    const day = Math.floor((n * 360) / count);
    const weekday = new Date(at(day, 12)).getUTCDay();
    if (weekday === 0 || weekday === 6 || iso(at(day, 12)).startsWith('2026-05-01')) continue;
    // Many small ones, few large ones, as prices are.
    const amount = (10 ** (random(3000) / 1000) * 1.137).toFixed(2);
    const asks = Number(amount) > 100;
    const who = { requester: `user:customer-desk-${random(40)}@acme.test`, actor: `agent:bot-${random(8)}` };
    const time = at(day, 9 + random(7), random(60), random(60));
    if (!asks) actions.push(action(time, { ...who, amount }));
    else {
      const approver = APPROVERS[random(APPROVERS.length)] ?? '';
      const refused = random(12) === 0;
      actions.push(
        action(time, {
          ...{ ...who, amount, approver, wait: 40 + random(1500) },
          ...(refused ? { status: 'refused', releaseBasis: null, releasedAt: null } : {}),
        }),
      );
    }
  }
  return actions;
}

const times = (count: number, one: (n: number) => AuditedAction): AuditedAction[] =>
  Array.from({ length: count }, (_, n) => one(n));

/** Each anomaly, and how often it is to be found. */
export const PLANTED: Record<string, () => AuditedAction[]> = {
  'split-under-tier': () =>
    ['940.00', '960.50', '990.00'].map((amount, n) =>
      action(at(100, 10 + n), {
        amount,
        requester: 'user:splitter@acme.test',
        approver: APPROVERS[n] ?? '',
        wait: 300,
      }),
    ),
  bunching: () =>
    times(60, (n) =>
      action(at(20 + n * 3, 10), {
        ...{ amount: `${952 + (n % 48)}.10`, requester: `user:b${n}@acme.test` },
        ...{ approver: APPROVERS[n % 4] ?? '', wait: 500 },
      }),
    ),
  'rubber-stamp': () =>
    times(40, (n) =>
      action(at(14 + n * 7, 10), {
        amount: `${300 + n * 7}.00`,
        requester: `user:r${n}@acme.test`,
        approver: 'user:stamp@acme.test',
        wait: 3,
        reason: 'looks fine to me',
      }),
    ),
  'one-pair': () =>
    times(12, (n) =>
      action(at(15 + n * 14, 11), {
        amount: `${210 + n * 31}.00`,
        requester: 'user:paired@acme.test',
        approver: 'user:ann@acme.test',
        wait: 200,
      }),
    ),
  reciprocal: () => [
    action(at(50, 10), {
      amount: '310.00',
      requester: 'user:bob@acme.test',
      approver: 'user:cleo@acme.test',
      wait: 100,
    }),
    action(at(60, 10), {
      amount: '320.00',
      requester: 'user:cleo@acme.test',
      approver: 'user:bob@acme.test',
      wait: 100,
    }),
  ],
  'own-side': () => [
    action(at(70, 10), {
      amount: '330.00',
      requester: 'user:eve@acme.test',
      approver: 'user:dan@acme.test',
      delegatedFrom: 'user:eve@acme.test',
      wait: 90,
    }),
  ],
  'second-opinion': () => [
    action(at(80, 10), {
      amount: '340.00',
      resource: 'order ord_shopped',
      approver: 'user:ann@acme.test',
      wait: 90,
      status: 'refused',
      releaseBasis: null,
      releasedAt: null,
    }),
    action(at(81, 10), { amount: '340.00', resource: 'order ord_shopped', approver: 'user:dan@acme.test', wait: 90 }),
  ],
  duplicate: () => times(2, (n) => action(at(85 + n * 2, 10), { amount: '77.70', resource: 'order ord_twice' })),
  'round-amounts': () =>
    times(25, (n) =>
      action(at(29 + n, 10), {
        amount: n % 2 === 0 ? '500.00' : `${30 + n}.31`,
        actor: 'agent:rounder',
        approver: n % 2 === 0 ? (APPROVERS[n % 4] ?? '') : null,
        ...(n % 2 === 0 ? { wait: 400 } : {}),
      }),
    ),
  'after-hours': () => [
    // Noon in London is nine in the evening in Tokyo.
    action(at(91, 12), { amount: '350.00', approver: 'user:fatima@acme.test', wait: 60 }),
    action(at(117, 11), {
      amount: '351.00',
      approver: 'user:holiday@acme.test',
      wait: 60,
      askedAt: '2026-05-01T10:00:00.000Z',
      decidedAt: '2026-05-01T10:01:00.000Z',
    }),
  ],
  sleeper: () => [
    action(at(1, 10), { amount: '360.00', approver: 'user:sleeper@acme.test', wait: 60 }),
    action(at(120, 10), { amount: '370.00', approver: 'user:sleeper@acme.test', wait: 60 }),
  ],
  'last-minute': () =>
    times(6, (n) =>
      action(at(127 + n * 7, 9), {
        amount: `${400 + n}.20`,
        approver: 'user:late@acme.test',
        requester: `user:l${n}@acme.test`,
        wait: 4 * 3600 - 60,
      }),
    ),
  'no-words': () => [
    action(at(134, 10), {
      amount: '2500.00',
      surface: 'payments.payout',
      approver: 'user:ann@acme.test',
      wait: 60,
      reason: 'ok',
    }),
  ],
  'never-used': () => [
    action(at(141, 10), { amount: '380.00', approver: 'user:bob@acme.test', wait: 60, status: 'lapsed' }),
  ],
  'break-glass': () => [
    action(at(148, 10), {
      surface: 'deploy.prod',
      amount: null,
      currency: null,
      releaseBasis: 'break_glass',
      reviewDueAt: '2026-06-05T10:00:00.000Z',
    }),
  ],
  benford: () =>
    times(600, (n) =>
      action(at((n * 300) / 600, 10), { surface: 'payments.payout', amount: `${7 * 10 ** (n % 4)}.${10 + (n % 80)}` }),
    ),
};
