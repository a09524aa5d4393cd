/** What the page says that a row should be, by its own code: as the server's fold has it, and each changed value is named. */
import { describe, expect, it } from 'vitest';
import { claimedBy } from '../../src/console/web/view/claimed.ts';
import { valueDifferences } from '../../src/console/web/view/verify.ts';
import type { RecordPayload } from '../../src/contract/index.ts';
import type { ActionSummary } from '../../src/contract/views/index.ts';
import { DEFAULT_FIELDS, moneyAfter, type Money } from '../../src/export/index.ts';
import { actionSummaryOf } from '../../src/gateway/action-list.ts';
import { factOf } from '../../src/projection/index.ts';
import { COURSES, AT, recordOf, REQUEST, type Draft } from '../evidence/world.ts';

const COURSE_NAMES = Object.keys(COURSES);

/** An action as if it were sealed: its records, and what became of its amount. */
function sealed(course: string): { records: { index: number; record: RecordPayload }[]; money: Money | null } {
  const disclosed = {
    ...{ 'params.amount': 42.5, 'params.currency': 'KWD', 'resource.id': 'ord_1', 'resource.type': 'order' },
    'context.folder': '/acme/shop',
  };
  const records = (COURSES[course] ?? []).map((draft: Draft, seq) => {
    const at = new Date(Date.parse(AT) + seq * 7000).toISOString();
    const place = { action: 'act_1', seq, prev: null, at, requestHash: REQUEST };
    return { index: 40 + 3 * seq, record: recordOf(seq === 0 ? { ...draft, disclosed } : draft, place) };
  });
  const money = records.reduce<Money | null>((sum, { record }) => moneyAfter(sum, record, () => DEFAULT_FIELDS), null);
  return { records, money };
}

describe('a row', () => {
  it.each(COURSE_NAMES)(
    'of an action that was %s is told as the server tells it, after each of its records',
    (course) => {
      const { records } = sealed(course);
      for (let length = 1; length <= records.length; length += 1) {
        const part = records.slice(0, length);
        const money = part.reduce<Money | null>(
          (sum, { record }) => moneyAfter(sum, record, () => DEFAULT_FIELDS),
          null,
        );
        const fact = factOf(part, money);
        expect(fact).not.toBeNull();
        if (fact !== null) expect(claimedBy(part, money)).toEqual(actionSummaryOf(fact));
      }
    },
  );

  it('of which any value was changed is found out, by its name', () => {
    for (const course of COURSE_NAMES) {
      const { records, money } = sealed(course);
      const row = claimedBy(records, money);
      if (row === null) throw new Error('no action');
      expect(valueDifferences(row, records, money)).toEqual([]);
      for (const name of Object.keys(row)) {
        if (name === 'amounts') continue;
        const was = row[name as keyof ActionSummary];
        const altered: ActionSummary = { ...row, [name]: typeof was === 'boolean' ? !was : 'mallory' };
        expect(valueDifferences(altered, records, money).map(([column]) => column)).toEqual([name]);
      }
      for (const stage of ['asked', 'approved', 'released', 'executed'] as const) {
        const altered = { ...row, amounts: { ...row.amounts, [stage]: '0.01' } };
        expect(valueDifferences(altered, records, money).map(([column]) => column)).toEqual([`amount ${stage}`]);
      }
    }
  });
});
