import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordPayload } from '../../src/contract/index.ts';
import {
  countStory,
  emptySummary,
  isStory,
  reportEnd,
  reportMiddle,
  reportRow,
  reportSection,
  reportStart,
  storyOf,
  type ExportRecord,
  type ReportHead,
} from '../../src/export/index.ts';
import { COURSES, decision, LEAD, verdict, type Draft } from '../evidence/world.ts';
import { untyped } from '../support/untyped.ts';

const AT = '2026-11-21T10:00:00.000Z';

const recordsOf = (drafts: readonly Draft[], action = 'act_1'): ExportRecord[] =>
  drafts.map((draft, seq) => ({
    index: seq,
    hash: `sha256:${String(seq).padStart(64, '0')}`,
    record: untyped<RecordPayload>({
      v: 1,
      tenant: 'default',
      action,
      seq,
      prev: null,
      at: AT,
      requestHash: null,
      ...draft,
    }),
  }));

const endingOf = (drafts: readonly Draft[]): string | null => {
  const told = storyOf(recordsOf(drafts));
  return isStory(told) ? told.ending : null;
};

const HEAD: ReportHead = {
  body: {
    what: 'records',
    format: 'bundle',
    filter: { q: '</code><script>' },
    records: 1,
    digest: `sha256:${'0'.repeat(64)}`,
    log: { origin: 'countersign/default', size: 1, root: '' },
  },
  by: 'user:auditor@acme.test',
  at: AT,
  record: `sha256:${'1'.repeat(64)}`,
};

/** The text of a page, and the names of its elements; nothing else may stand in it. */
function elementsOf(page: string): string[] {
  return [...page.matchAll(/<([a-z!/][a-z0-9]*)/gi)].map(([, name]) => name?.toLowerCase() ?? '');
}

describe('how an action ended', () => {
  it.each([
    ['approved', 'executed'],
    ['refused', 'refused by policy'],
    ['overridden', 'executed'],
    ['refused by a human', 'refused by a person'],
    ['expired', 'expired'],
    ['approved, then frozen until it expired', 'expired'],
    ['withdrawn', 'withdrawn'],
    ['refused at its release', 'refused by policy'],
    ['reconciled', 'failed'],
    ['asked, answered, extended, escalated, approved by who was added', 'released'],
  ])('%s: %s', (course, ending) => {
    expect(endingOf(COURSES[course] ?? [])).toBe(ending);
  });

  it('an override never shows as an ordinary approval', () => {
    const section = reportSection(storyOf(recordsOf(COURSES['overridden'] ?? [])));
    expect(section).toContain('a supervised override');
    const summary = emptySummary();
    for (const drafts of Object.values(COURSES)) {
      const told = storyOf(recordsOf(drafts));
      if (isStory(told)) countStory(summary, told);
    }
    const { actions, rule, override, break_glass, observe } = summary.total;
    const { refusedByPolicy, refusedByPeople, lapsed, waiting } = summary.total;
    expect(rule + override + break_glass + observe + refusedByPolicy + refusedByPeople + lapsed + waiting).toBe(
      actions,
    );
    expect({ override, break_glass, observe }).toEqual({ override: 4, break_glass: 1, observe: 1 });
  });
});

describe('the page', () => {
  const page = (drafts: readonly Draft[]): string => {
    const told = storyOf(recordsOf(drafts));
    const summary = emptySummary();
    if (isStory(told)) countStory(summary, told);
    return reportStart(HEAD, summary) + reportRow(told) + reportMiddle() + reportSection(told) + reportEnd();
  };

  it('holds the same elements whatever strangers wrote', () => {
    const plain = elementsOf(
      page([verdict('supervise', { reasons: ['x'] }), decision('refuse', LEAD, { reason: 'x' })]),
    );
    expect(plain).not.toContain('script');
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='x",
        '</style>',
        '<!--',
        '&lt;',
      ),
    );
    fc.assert(
      fc.property(nasty, nasty, nasty, (verb, reason, id) => {
        const drafts = [
          verdict(
            'supervise',
            { reasons: [reason] },
            { verb, surface: id, actor: { id, type: 'agent' }, disclosed: { [verb]: reason } },
          ),
          decision('refuse', id === 'countersign' ? LEAD : `user:${id}`, { reason }),
        ];
        expect(elementsOf(page(drafts))).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  it('shows what turns the order of text by its number', () => {
    expect(page([verdict('refuse', { reasons: ['\u202egnp.exe'] })])).toContain('\\u202egnp.exe');
  });

  it('asks the network for nothing', () => {
    const text = page(COURSES['break glass, reviewed late'] ?? []);
    expect(text).not.toMatch(/(src|href)="(?!#)|@import|url\(/);
    expect(text).toContain("default-src 'none'");
  });
});
