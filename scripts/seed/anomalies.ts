/** Twelve things that an audit has to find, each beside a year of ordinary business. */
import type { ActionRequest, JsonObject } from '../../src/contract/index.ts';
import { HOUR_MS, type Calendar } from './clock.ts';
import type { Cast } from './people.ts';
import type { Ending, PlannedAction, Word } from './plan.ts';

/** The audit tests that find them. */
export const ANOMALIES = [
  'split-under-tier',
  'rubber-stamp',
  'one-pair',
  'reciprocal',
  'second-opinion',
  'duplicate',
  'round-amounts',
  'after-hours',
  'last-minute',
  'no-words',
  'never-used',
  'break-glass',
] as const;

const DONE: Ending = { redeemed: 2000, reported: 9000, status: 'executed' };
const REASON = 'matches the order that came back';

interface Planting {
  calendar: Calendar;
  cast: Cast;
  seed: number;
}

/** In the order of time. */
export function plantedActions({ calendar, cast, seed }: Planting): PlannedAction[] {
  const made: PlannedAction[] = [];
  /** A working day, counted back from the end: what is planted is in the last three quarters, and over before the end. */
  const at = (back: number, hour: number, minute = 0): number =>
    calendar.at(Math.max(0, calendar.workdays.length - 1 - back), hour, minute);
  const approver = (n: number): string => cast.finance[n % 4] ?? '';
  const yes = (by: string, seconds: number, reason = REASON): Word => ({
    ...{ by, decision: 'approve', reason },
    after: seconds * 1000,
  });
  const plant = (
    planted: string,
    askedAt: number,
    {
      requester,
      amount,
      order,
      word = null,
      ending = DONE,
      bot = cast.bots[0] ?? '',
      asker,
      ...more
    }: {
      requester: string;
      amount?: number;
      order?: string;
      word?: Word | null;
      ending?: Ending;
      bot?: string;
      asker?: NonNullable<PlannedAction['asker']>;
    } & Partial<ActionRequest>,
  ): void => {
    const n = made.length;
    const params: JsonObject = amount === undefined ? {} : { amount: Math.round(amount * 100) / 100, currency: 'USD' };
    made.push({
      ...{ key: `seed-${seed}-planted-${n}`, askedAt, word, ending, planted },
      ...(asker === undefined ? {} : { asker }),
      request: {
        surface: 'payments.refund',
        action: 'refund.create',
        actor: { id: bot, type: 'agent', onBehalfOf: { id: requester, type: 'user' } },
        resource: { type: 'order', id: order ?? `planted_${n}` },
        params,
        ...more,
      },
    });
  };

  for (const [n, amount] of [940, 960.5, 990].entries()) {
    plant('split-under-tier', at(30, 10 + n), {
      requester: 'user:splitter@acme.test',
      amount,
      word: yes(approver(n), 300),
    });
  }
  for (let n = 0; n < 30; n += 1) {
    plant('rubber-stamp', at(2 + n, 9, n), {
      ...{ requester: `user:hurry-${n}@acme.test`, amount: 300 + n * 7.31 },
      word: yes('user:stamp@acme.test', 3, 'looks fine to me, go on'),
    });
  }
  for (let n = 0; n < 12; n += 1) {
    const requester = 'user:paired@acme.test';
    plant('one-pair', at(3 + n * 3, 11, n), { requester, amount: 210 + n * 31.7, word: yes(approver(0), 200) });
  }
  plant('reciprocal', at(40, 10), { requester: approver(1), amount: 310.4, word: yes(approver(2), 100) });
  plant('reciprocal', at(35, 10), { requester: approver(2), amount: 320.6, word: yes(approver(1), 100) });
  const shopped = { requester: 'user:shopper@acme.test', amount: 340.2, order: 'planted_shopped' };
  plant('second-opinion', at(22, 10), {
    ...shopped,
    word: { by: approver(0), decision: 'refuse', reason: 'there is no such delivery', after: 90_000 },
  });
  plant('second-opinion', at(20, 10), { ...shopped, word: yes(approver(3), 90) });
  for (const n of [0, 1]) {
    plant('duplicate', at(27 - n * 2, 14), { requester: 'user:twice@acme.test', amount: 77.7, order: 'planted_twice' });
  }
  for (let n = 0; n < 24; n += 1) {
    const round = n % 2 === 0;
    plant('round-amounts', at(4 + n, 13, n), {
      ...{ requester: `user:round-${n}@acme.test`, bot: 'agent:rounder', amount: round ? 500 : 30.31 + n },
      word: round ? yes(approver(n), 400) : null,
    });
  }
  plant('after-hours', at(18, 21, 40), {
    requester: 'user:night@acme.test',
    amount: 350.9,
    word: yes(approver(1), 60),
  });
  for (let n = 0; n < 6; n += 1) {
    plant('last-minute', at(6 + n * 4, 9, 5 * n), {
      ...{ requester: `user:late-${n}@acme.test`, amount: 400.2 + n },
      word: yes('user:late@acme.test', (4 * HOUR_MS) / 1000 - 60),
    });
  }
  plant('no-words', at(16, 15), {
    ...{ requester: 'user:terse@acme.test', amount: 4900.35, surface: 'payments.payout', action: 'payout.send' },
    ...{ resource: { type: 'payee', id: 'planted_terse' }, word: yes(approver(0), 120, 'ok') },
  });
  plant('never-used', at(14, 15), {
    ...{ requester: 'user:forgot@acme.test', amount: 380.1, word: yes(approver(2), 60), ending: 'uncollected' },
  });
  const commander = 'user:operations-01@acme.test';
  plant('break-glass', at(12, 10), {
    ...{ requester: commander, surface: 'deploy.prod', action: 'deploy' },
    asker: { id: commander, roles: ['incident-commander'], groups: ['operations'] },
    actor: { id: commander, type: 'user' },
    resource: { type: 'service', id: 'checkout' },
    params: { version: '2.0.1', risk: 'normal' },
    context: { urgency: 'emergency', reason: 'checkout answers nobody, the fix is tested' },
  });
  return made.sort((a, b) => a.askedAt - b.askedAt);
}
