/** Tests of people: who decides too fast, always for the same one, for each other, for themselves, or at odd hours. */
import {
  DAY_MS,
  groupBy,
  HOUR_MS,
  idsOf,
  isDecided,
  isOverride,
  isPriced,
  keyOf,
  medianOf,
  round,
  timeOf,
  type HumanDecided,
} from './group.ts';
import type { AuditedAction, AuditTest, AuditFinding } from './types.ts';

const decided = (actions: readonly AuditedAction[]): HumanDecided[] => actions.filter(isDecided);
const byDecision = (actions: readonly HumanDecided[]): HumanDecided[] =>
  [...actions].sort((a, b) => timeOf(a.decidedAt) - timeOf(b.decidedAt) || a.firstIndex - b.firstIndex);

/** Approvers who never say no, and never look. The measure of access reviews: a share above 95 % at seconds each. */
export const rubberStamp: AuditTest<{ least: number; seconds: number; sameWords: number }> = {
  name: 'rubber-stamp',
  version: 1,
  question: 'Does an approver let everything through, faster than anybody reads?',
  defaults: { least: 20, seconds: 10, sameWords: 0.8 },
  run(actions, { least, seconds, sameWords }) {
    const findings: AuditFinding[] = [];
    for (const [approver, decisions] of groupBy(decided(actions), (one) => one.approver)) {
      if (decisions.length < least || decisions.some(({ status, changed }) => status === 'refused' || changed))
        continue;
      const median = medianOf(decisions.map(({ waitMs }) => waitMs)) / 1000;
      if (median >= seconds) continue;
      const words = Math.max(
        ...[...groupBy(decisions, ({ reason }) => reason ?? '').values()].map(({ length }) => length),
      );
      const alike = words / decisions.length >= sameWords;
      findings.push({
        test: 'rubber-stamp',
        version: 1,
        actions: idsOf(decisions),
        figures: { decided: decisions.length, refused: 0, medianSeconds: round(median, 1), sameWords: words },
        sentence: `${approver} decided ${decisions.length}, refused and changed none, half of them in under ${round(median, 1)} s${alike ? ', with the same words' : ''}`,
      });
    }
    return findings;
  },
};

/** One approver for one requester, though others could. */
export const onePair: AuditTest<{ least: number; approvers: number; share: number }> = {
  name: 'one-pair',
  version: 1,
  question: 'Does one approver decide nearly everything of one requester, though others could?',
  defaults: { least: 10, approvers: 3, share: 0.8 },
  run(actions, { least, approvers, share }) {
    const findings: AuditFinding[] = [];
    for (const [requester, decisions] of groupBy(decided(actions), (one) => one.requester)) {
      const possible = new Set(
        decisions.flatMap(({ involved, actor }) => involved.filter((id) => id !== actor && id !== requester)),
      );
      if (decisions.length < least || possible.size < approvers) continue;
      for (const [approver, theirs] of groupBy(decisions, (one) => one.approver)) {
        if (theirs.length / decisions.length < share) continue;
        findings.push({
          test: 'one-pair',
          version: 1,
          actions: idsOf(theirs),
          figures: { decided: theirs.length, of: decisions.length, possible: possible.size },
          sentence: `${approver} decided ${theirs.length} of the ${decisions.length} that ${requester} asked for; ${possible.size} people could have`,
        });
      }
    }
    return findings;
  },
};

/** Two people who decide for each other. */
export const reciprocal: AuditTest<{ days: number }> = {
  name: 'reciprocal',
  across: true,
  version: 1,
  question: 'Did two people decide for each other?',
  defaults: { days: 90 },
  run(actions, { days }) {
    const all = decided(actions).filter(isOverride);
    const pairs = groupBy(all, ({ requester, approver }) => keyOf(...[requester, approver].sort()));
    return [...pairs.values()].flatMap((group): AuditFinding[] => {
      const [one, other] = [...groupBy(group, ({ approver }) => approver).values()];
      if (one === undefined || other === undefined) return [];
      const close = one.some((a) =>
        other.some((b) => Math.abs(timeOf(a.decidedAt) - timeOf(b.decidedAt)) <= days * DAY_MS),
      );
      if (!close) return [];
      const [first, second] = [one[0]?.approver ?? '', other[0]?.approver ?? ''];
      return [
        {
          test: 'reciprocal',
          version: 1,
          actions: idsOf(group),
          figures: { one: one.length, other: other.length },
          sentence: `${first} decided ${one.length} of ${second}, and ${second} ${other.length} of ${first}`,
        },
      ];
    });
  },
};

/** A decision from the requester's side. Four eyes rule it out, so there must be none. */
export const ownSide: AuditTest = {
  name: 'own-side',
  across: true,
  version: 1,
  question: 'Did anybody decide what they, or whoever they stand in for, asked for?',
  defaults: {},
  run(actions) {
    return decided(actions).flatMap((one): AuditFinding[] => {
      const side = [one.actor, one.requester];
      const who = side.includes(one.approver) ? one.approver : one.delegatedFrom;
      if (who === null || !side.includes(who)) return [];
      const standing = who === one.approver ? '' : `, standing in for ${who},`;
      return [
        {
          test: 'own-side',
          version: 1,
          actions: [one.action],
          figures: {},
          sentence: `${one.approver}${standing} decided ${one.surface} that was asked for from that side`,
        },
      ];
    });
  },
};

/** A no that somebody else turned into a yes. */
export const secondOpinion: AuditTest<{ days: number }> = {
  name: 'second-opinion',
  across: true,
  version: 1,
  question: 'Was something refused, asked for again, and let through by somebody else?',
  defaults: { days: 7 },
  run(actions, { days }) {
    const findings: AuditFinding[] = [];
    const same = (one: AuditedAction): string | null => {
      if (one.resource !== null) return keyOf(one.requester, one.surface, one.resource);
      return isPriced(one) ? keyOf(one.requester, one.surface, one.amount, one.currency) : null;
    };
    for (const group of groupBy(actions, same).values()) {
      for (const [at, no] of group.entries()) {
        if (no.status !== 'expired' && !(no.status === 'refused' && no.approver !== null)) continue;
        const yes = group
          .slice(at + 1)
          .find(
            (one) =>
              isOverride(one) &&
              one.approver !== no.approver &&
              timeOf(one.askedAt) - timeOf(no.askedAt) <= days * DAY_MS,
          );
        if (yes === undefined) continue;
        findings.push({
          test: 'second-opinion',
          version: 1,
          actions: idsOf([no, yes]),
          figures: { hours: round((timeOf(yes.askedAt) - timeOf(no.askedAt)) / HOUR_MS, 1) },
          sentence: `${no.requester} was told no by ${no.status === 'expired' ? 'the clock' : (no.approver ?? '')}, and yes by ${yes.approver ?? ''} afterwards`,
        });
      }
    }
    return findings;
  },
};

/** Decisions by night, at weekends and on holidays, by the approver's own clock. AU-C 240; Caseware. */
export const afterHours: AuditTest<{ from: number; to: number }> = {
  name: 'after-hours',
  version: 1,
  question: 'Was something let through when the approver does not work?',
  defaults: { from: 8, to: 18 },
  run(actions, { from, to }, { zones, zone, holidays }) {
    const findings: AuditFinding[] = [];
    const late = decided(actions)
      .filter(isOverride)
      .flatMap((one) => {
        const there = zones.get(one.approver) ?? zone;
        const { day, hour, weekday } = localTime(one.decidedAt, there);
        const works = hour >= from && hour < to && !['Sat', 'Sun'].includes(weekday) && !holidays.has(day);
        return works ? [] : [{ one, there, when: `${weekday} ${day} ${String(hour).padStart(2, '0')}h` }];
      });
    for (const [approver, releases] of groupBy(late, ({ one }) => one.approver)) {
      const { there = zone, when = '' } = releases[0] ?? {};
      findings.push({
        test: 'after-hours',
        version: 1,
        actions: idsOf(releases.map(({ one }) => one)),
        figures: { times: releases.length },
        sentence: `${approver} let ${releases.length} through outside of working hours (${there}), the first ${when}`,
      });
    }
    return findings;
  },
};

/** The wall clock at a place. */
function localTime(at: string, timeZone: string): { day: string; hour: number; weekday: string } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    hour: '2-digit',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const part = new Map(format.formatToParts(timeOf(at)).map(({ type, value }) => [type, value]));
  return {
    day: `${part.get('year') ?? ''}-${part.get('month') ?? ''}-${part.get('day') ?? ''}`,
    hour: Number(part.get('hour')),
    weekday: part.get('weekday') ?? '',
  };
}

/** A decision after a long time without one. */
export const sleeper: AuditTest<{ days: number }> = {
  name: 'sleeper',
  across: true,
  version: 1,
  question: 'Did somebody decide after a long time without a decision?',
  defaults: { days: 90 },
  run(actions, { days }) {
    return [...groupBy(byDecision(decided(actions)), (one) => one.approver)].flatMap(([approver, decisions]) =>
      decisions.flatMap((one, at): AuditFinding[] => {
        const before = decisions[at - 1];
        const gap = before === undefined ? 0 : (timeOf(one.decidedAt) - timeOf(before.decidedAt)) / DAY_MS;
        if (before === undefined || gap < days) return [];
        return [
          {
            test: 'sleeper',
            version: 1,
            actions: idsOf([before, one]),
            figures: { days: Math.floor(gap) },
            sentence: `${approver} decided again after ${Math.floor(gap)} days without a decision`,
          },
        ];
      }),
    );
  },
};

/** Decisions in the last moments. */
export const lastMinute: AuditTest<{ share: number; least: number; often: number }> = {
  name: 'last-minute',
  version: 1,
  question: 'Does an approver decide just before the time is over, or after more of it was given?',
  defaults: { share: 0.05, least: 5, often: 0.25 },
  run(actions, { share, least, often }) {
    const late = ({ askedAt, decidedAt, expiresAt, extended }: HumanDecided): boolean => {
      if (extended) return true;
      if (expiresAt === null) return false;
      const whole = timeOf(expiresAt) - timeOf(askedAt);
      return whole > 0 && timeOf(expiresAt) - timeOf(decidedAt) <= share * whole;
    };
    return [...groupBy(decided(actions), (one) => one.approver)].flatMap(([approver, decisions]): AuditFinding[] => {
      const theirs = decisions.filter(late);
      if (theirs.length < least || theirs.length / decisions.length < often) return [];
      return [
        {
          test: 'last-minute',
          version: 1,
          actions: idsOf(theirs),
          figures: { late: theirs.length, of: decisions.length },
          sentence: `${approver} decided ${theirs.length} of ${decisions.length} in the last moments, or after more time was given`,
        },
      ];
    });
  },
};

/** Large amounts let through without a word. AS 2401. */
export const noWords: AuditTest<{ percentile: number; characters: number }> = {
  name: 'no-words',
  version: 1,
  question: 'Was a large amount let through without a word why?',
  defaults: { percentile: 0.9, characters: 10 },
  run(actions, { percentile, characters }) {
    const overrides = decided(actions).filter(isOverride);
    return [...groupBy(overrides.filter(isPriced), (one) => keyOf(one.surface, one.currency)).values()].flatMap(
      (group) => {
        const sorted = group.map(({ amount }) => Number(amount)).sort((a, b) => a - b);
        const bound = sorted[Math.floor(percentile * (sorted.length - 1))] ?? 0;
        return group
          .filter(({ amount, reason }) => Number(amount) >= bound && (reason ?? '').trim().length < characters)
          .map((one): AuditFinding => ({
            test: 'no-words',
            version: 1,
            actions: [one.action],
            figures: { amount: one.amount, characters: (one.reason ?? '').trim().length },
            sentence: `${one.approver} let ${one.amount} ${one.currency} of ${one.surface} through with ${one.reason === null ? 'no words' : `the words “${one.reason.trim()}”`}`,
          }));
      },
    );
  },
};
