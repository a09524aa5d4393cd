/** Tests of how actions ended: approved and never used, and emergencies. */
import { idsOf, isOverride, keyOf, groupBy, timeOf } from './group.ts';
import type { AuditTest, AuditFinding } from './types.ts';

/** Approved by people, and then never redeemed, or never reported. */
export const neverUsed: AuditTest = {
  name: 'never-used',
  version: 1,
  question: 'What did people let through that was then never used, or never reported?',
  defaults: {},
  run(actions) {
    const idle = actions.filter((one) => isOverride(one) && ['lapsed', 'unreported', 'skipped'].includes(one.status));
    return [...groupBy(idle, ({ surface, status }) => keyOf(surface, status)).values()].map((group): AuditFinding => {
      const { surface = '', status = '' } = group[0] ?? {};
      const what = { lapsed: 'nobody came for', unreported: 'nobody reported', skipped: 'were given up' }[status] ?? '';
      return {
        test: 'never-used',
        version: 1,
        actions: idsOf(group),
        figures: { times: group.length },
        sentence: `${group.length} × ${surface} that people let through ${what}`,
      };
    });
  },
};

/** Every emergency, and whether it was reviewed in time. */
export const brokenGlass: AuditTest = {
  name: 'break-glass',
  version: 1,
  question: 'Which emergencies were there, and was each looked back at in time?',
  defaults: {},
  run(actions, _params, { now }) {
    return actions
      .filter(({ releaseBasis }) => releaseBasis === 'break_glass')
      .map((one): AuditFinding => {
        const { reviewDueAt, reviewedAt } = one;
        const overdue = reviewDueAt !== null && timeOf(reviewedAt ?? now) > timeOf(reviewDueAt);
        const [inTime, late] = reviewedAt === null ? ['open', 'missing'] : ['done', 'late'];
        const review = overdue ? late : inTime;
        return {
          test: 'break-glass',
          version: 1,
          actions: [one.action],
          figures: { review },
          sentence: `${one.requester} broke the glass for ${one.surface}; the review is ${review}`,
        };
      });
  },
};
