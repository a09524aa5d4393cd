/** What an action asked for in money, and what became of it. */
import { describe, expect, it } from 'vitest';
import type { Json, RecordPayload } from '../../src/contract/index.ts';
import {
  DEFAULT_FIELDS,
  exactAmount,
  fieldsOfBundle,
  moneyAfter,
  MoneyTotals,
  moneyText,
  stagesOf,
  type Money,
  type MoneyFields,
} from '../../src/export/index.ts';
import { untyped } from '../support/untyped.ts';

const at = '2026-11-21T10:00:00.000Z';
const head = {
  v: 1,
  tenant: 'default',
  action: 'act_1',
  prev: null,
  at,
  requestHash: null,
  surface: 'payments.refund',
};
const HIDDEN = `sha256:${'0'.repeat(64)}`;

/** Records as far as money reads them. */
const verdict = (decision: string, disclosed: object, more: { commitments?: object; changes?: object } = {}) =>
  untyped<RecordPayload>({
    ...head,
    type: 'verdict',
    seq: 0,
    disclosed,
    commitments: more.commitments ?? {},
    verdict: { decision, bundle: null, policy: 'p', changes: more.changes ?? null },
  });
const decided = (decision: string, to?: Json) =>
  untyped<RecordPayload>({
    ...head,
    type: 'decision',
    seq: 1,
    decision,
    changes: to === undefined ? null : { 'params.amount': { from: 420.5, to } },
  });
const release = untyped<RecordPayload>({ ...head, type: 'release', seq: 2, basis: 'override' });
const outcome = (status: string) => untyped<RecordPayload>({ ...head, type: 'outcome', seq: 3, status });
const settled = (status: string) => untyped<RecordPayload>({ ...head, type: 'reconcile', seq: 4, body: { status } });

const usd = { 'params.amount': 420.5, 'params.currency': 'USD' };
const told = (records: RecordPayload[], fields: MoneyFields = DEFAULT_FIELDS): Money | null =>
  records.reduce<Money | null>((money, record) => moneyAfter(money, record, () => fields), null);

describe('asked, approved, released, executed', () => {
  type Case = [what: string, records: RecordPayload[], amounts: (string | null)[]];
  it.each<Case>([
    ['refused by policy', [verdict('refuse', usd)], ['420.50', null, null, null]],
    ['waiting', [verdict('supervise', usd)], ['420.50', null, null, null]],
    ['released by a rule', [verdict('approve', usd), release], ['420.50', '420.50', '420.50', null]],
    [
      'lowered by policy',
      [verdict('constrain', usd, { changes: { 'params.amount': 100 } }), release],
      ['420.50', '100.00', '100.00', null],
    ],
    [
      'lowered by a person',
      [verdict('supervise', usd), decided('approve', 200), release, outcome('executed')],
      ['420.50', '200.00', '200.00', '200.00'],
    ],
    [
      'approved as asked',
      [verdict('supervise', usd), decided('approve'), release, outcome('executed')],
      ['420.50', '420.50', '420.50', '420.50'],
    ],
    [
      'lowered twice',
      [verdict('supervise', usd), decided('approve', 300), decided('approve', 200.25), release],
      ['420.50', '200.25', '200.25', null],
    ],
    [
      'refused by the second',
      [verdict('supervise', usd), decided('approve', 200), decided('refuse')],
      ['420.50', null, null, null],
    ],
    ['expired', [verdict('supervise', usd), decided('expired')], ['420.50', null, null, null]],
    [
      'returned, then approved',
      [verdict('supervise', usd), decided('return'), decided('answered'), decided('approve', 1)],
      ['420.50', '1.00', null, null],
    ],
    ['failed', [verdict('approve', usd), release, outcome('failed')], ['420.50', '420.50', '420.50', null]],
    ['unreported', [verdict('approve', usd), release, outcome('unreported')], ['420.50', '420.50', '420.50', null]],
    [
      'unreported, settled as executed',
      [verdict('approve', usd), release, outcome('unreported'), settled('executed')],
      ['420.50', '420.50', '420.50', '420.50'],
    ],
    [
      'reported, settled as failed',
      [verdict('approve', usd), release, outcome('executed'), settled('failed')],
      ['420.50', '420.50', '420.50', null],
    ],
    [
      'undisclosed',
      [verdict('approve', {}, { commitments: { 'params.amount': HIDDEN } }), release],
      ['undisclosed', 'undisclosed', 'undisclosed', null],
    ],
    [
      'lowered out of sight',
      [verdict('supervise', {}, { commitments: { 'params.amount': HIDDEN } }), decided('approve', HIDDEN), release],
      ['undisclosed', 'undisclosed', 'undisclosed', null],
    ],
    ['without an amount', [verdict('approve', { 'resource.id': 'x' }), release], [null, null, null, null]],
    ['whose beginning is not here', [release, outcome('executed')], [null, null, null, null]],
  ])('%s', (_what, records, amounts) => {
    const money = told(records);
    expect([money?.asked ?? null, money?.approved ?? null, money?.released ?? null, money?.executed ?? null]).toEqual(
      amounts,
    );
  });

  it('each amount stands in one row only', () => {
    const records = [verdict('supervise', usd), decided('approve', 200), release, outcome('executed')];
    expect(records.flatMap(stagesOf)).toEqual(['asked', 'approved', 'released', 'executed']);
  });

  it('a policy says which field is the amount', () => {
    const bundle = {
      policies: { a: { policy: 'p', amount: 'params.total', currency: 'resource.currency' }, b: { policy: 'q' } },
    };
    const fields = fieldsOfBundle(bundle);
    expect(fields.get('q')).toEqual(DEFAULT_FIELDS);
    const money = told(
      [verdict('approve', { ...usd, 'params.total': '7', 'resource.currency': 'EUR' })],
      fields.get('p'),
    );
    expect([money?.asked, money?.currency]).toEqual(['7.00', 'EUR']);
  });

  it.each([[null], [1], [[]], [{}], [{ policies: null }], [{ policies: { a: 1, b: null } }]] as [Json][])(
    'what is no bundle says nothing: %j',
    (source) => {
      expect(fieldsOfBundle(source).size).toBe(0);
    },
  );
});

it.each<[amount: Json, currency: string | null, exact: string | null, people: string | null]>([
  [1420.5, 'USD', '1420.50', '1,420.50'],
  [1500, 'JPY', '1500', '1,500'],
  [1.5, 'KWD', '1.500', '1.500'],
  ['1.5', 'BHD', '1.500', '1.500'],
  [0.25, 'TND', '0.250', '0.250'],
  [7, 'CLF', '7.0000', '7.0000'],
  [7, 'UYW', '7.0000', '7.0000'],
  [10, 'ISK', '10', '10'],
  [10.75, 'JPY', '10.75', '10.75'],
  [3, 'XAU', '3', '3'],
  [3, 'EUR', '3.00', '3.00'],
  [1.23456, 'EUR', '1.23456', '1.23456'],
  [-12, 'GBP', '-12.00', '-12.00'],
  [12, null, '12', '12'],
  [12, 'points', '12', '12'],
  [1e-7, 'USD', '0.0000001', null],
  ['many', 'USD', null, 'many'],
  [null, 'USD', null, null],
])('%j %s is %s', (amount, currency, exact, people) => {
  expect(exactAmount(amount, currency)).toBe(exact);
  if (people !== null) expect(moneyText(amount, currency ?? undefined)).toBe(people);
});

it('sums are exact, by currency and never across, with what is undisclosed beside them', () => {
  const totals = new MoneyTotals();
  for (const amount of [0.1, 0.2, 9007199254740.99])
    totals.add(told([verdict('approve', { 'params.amount': amount, 'params.currency': 'USD' }), release]));
  totals.add(told([verdict('refuse', { 'params.amount': 1500, 'params.currency': 'JPY' })]));
  totals.add(told([verdict('approve', { 'params.currency': 'USD' }, { commitments: { 'params.amount': HIDDEN } })]));
  totals.add(told([verdict('approve', { 'params.amount': 5 })]));
  totals.add(told([verdict('approve', {})]));
  const none = { sum: expect.any(String), undisclosed: 0 };
  expect(totals.list()).toEqual([
    {
      currency: null,
      asked: { sum: '5', undisclosed: 0 },
      approved: { sum: '5', undisclosed: 0 },
      released: none,
      executed: none,
    },
    {
      currency: 'JPY',
      asked: { sum: '1500', undisclosed: 0 },
      approved: { sum: '0', undisclosed: 0 },
      released: none,
      executed: none,
    },
    {
      currency: 'USD',
      asked: { sum: '9007199254741.29', undisclosed: 1 },
      approved: { sum: '9007199254741.29', undisclosed: 1 },
      released: { sum: '9007199254741.29', undisclosed: 0 },
      executed: { sum: '0.00', undisclosed: 0 },
    },
  ]);
});
