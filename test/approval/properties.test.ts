import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  nextWake,
  openApproval,
  reduce,
  type ApprovalEvent,
  type ApprovalState,
  type DecideEvent,
} from '../../src/approval/index.ts';
import type { ApprovalPlan } from '../../src/contract/index.ts';
import { OPENED, anyDay, anyPlan, eventsOf, playEvents, type Played } from './worlds.ts';

const RUNS = { numRuns: 1000 };
const tick: ApprovalEvent = { type: 'tick' };
const lastState = (plan: ApprovalPlan, played: Played[]): ApprovalState =>
  played.at(-1)?.after ?? openApproval(plan, OPENED);

/** The decisions that counted, from the outside: events, not the reducer's own book. */
const words = (played: Played[]): { event: DecideEvent; now: number; stage: number; expiresAt: number }[] =>
  played.flatMap(({ event, counted, now, before }) =>
    counted && event.type === 'decide' && (event.decision === 'approve' || event.decision === 'refuse')
      ? [{ event, now, stage: before.stage, expiresAt: before.expiresAt }]
      : [],
  );

describe('a supervised override, whatever people do', () => {
  it('is approved only by the quorum of each stage, of distinct, allowed people, in time', () => {
    let approved = 0;
    fc.assert(
      fc.property(anyPlan, anyDay, (plan, day) => {
        const played = playEvents(plan, eventsOf(day), true);
        const state = lastState(plan, played);
        const all = words(played);
        const humans = ({ event }: (typeof all)[number]): string[] => [
          ...new Set([event.by, ...(event.delegation === null ? [] : [event.delegation.from])]),
        ];
        for (const { event, now, stage, expiresAt } of all) {
          const { approvers, escalate, assurance } = plan.stages[stage] ?? expect.fail('a stage beyond the plan');
          const asked = [...approvers, ...(escalate?.approvers ?? [])];
          expect(asked).toContain(event.delegation?.from ?? event.by);
          expect(event.standing).toBe(true);
          expect(now).toBeLessThan(expiresAt);
          expect(plan.via).toContain(event.via);
          if (assurance === 'passkey') expect(event.assured).toBe(true);
          for (const human of [...humans({ event, now, stage, expiresAt }), ...(event.standsInFor ?? [])]) {
            expect(plan.excluded).not.toContain(human);
          }
        }
        const groups = plan.fourEyes
          ? [all]
          : plan.stages.map((_, index) => all.filter(({ stage }) => stage === index));
        for (const group of groups) {
          const everybody = group.flatMap(humans);
          expect(new Set(everybody).size).toBe(everybody.length);
        }
        if (state.status !== 'approved') return;
        approved += 1;
        plan.stages.forEach(({ quorum, refusals }, index) => {
          const here = all.filter(({ stage }) => stage === index);
          expect(here.filter(({ event }) => event.decision === 'approve').length).toBeGreaterThanOrEqual(quorum);
          expect(here.filter(({ event }) => event.decision === 'refuse').length).toBeLessThan(refusals);
        });
        expect(all.map(({ stage }) => stage)).toEqual(all.map(({ stage }) => stage).sort());
      }),
      RUNS,
    );
    // The worlds are not so hostile that nothing is ever approved.
    expect(approved).toBeGreaterThan(RUNS.numRuns / 50);
  });

  it('never stays: the clock alone closes it, in a few steps, at its expiry', () => {
    fc.assert(
      fc.property(anyPlan, anyDay, (plan, day) => {
        let state = lastState(plan, playEvents(plan, eventsOf(day)));
        for (let steps = 0; state.status === 'open'; steps += 1) {
          const wake = nextWake(state) ?? expect.fail('open, and nothing will wake it');
          expect(wake).toBeLessThanOrEqual(state.expiresAt);
          expect(steps).toBeLessThan(8);
          state = reduce(state, tick, wake).state;
        }
        expect(nextWake(state)).toBeNull();
      }),
      RUNS,
    );
  });

  it('ends once: afterwards nothing counts, changes or is told', () => {
    fc.assert(
      fc.property(anyPlan, anyDay, (plan, day) => {
        for (const { before, after, effects, counted, event, now } of playEvents(plan, eventsOf(day))) {
          if (before.status !== 'open') {
            expect(after).toEqual(before);
            expect(effects).toEqual([]);
            if (event.type !== 'tick' && event.type !== 'unreachable') expect(counted).toBe(false);
          }
          expect(effects.filter(({ type }) => type === 'closed').length).toBe(
            before.status === 'open' && after.status !== 'open' ? 1 : 0,
          );
          const asking = effects.filter(({ type }) =>
            ['remind', 'warn', 'escalate', 'unreachable', 'short'].includes(type),
          );
          if (after.status !== 'open') {
            expect(asking).toEqual([]);
            expect(after.returned).toBeNull();
          }
          for (const effect of effects) if ('expiresAt' in effect) expect(effect.expiresAt).toBeGreaterThan(now);
        }
      }),
      RUNS,
    );
  });

  it('is the same after a crash at every step, and when played again', () => {
    fc.assert(
      fc.property(anyPlan, anyDay, (plan, day) => {
        const events = eventsOf(day);
        const played = playEvents(plan, events);
        expect(playEvents(plan, events, true)).toEqual(played);
        expect(playEvents(plan, events)).toEqual(played);
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on when the clock looked', () => {
    const looks = fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 30 });
    fc.assert(
      fc.property(anyPlan, anyDay, looks, (plan, day, extra) => {
        const end = OPENED + 4000;
        const events = [...eventsOf(day).filter(([now]) => now <= end), [end, tick] as [number, ApprovalEvent]];
        const ticks = extra.map((ms): [number, ApprovalEvent] => [OPENED + ms, tick]);
        // A stable sort: among equal times the events keep their order, ticks come after them.
        const watched = [...events, ...ticks].sort(([a], [b]) => a - b);
        const late = playEvents(plan, events);
        const often = playEvents(plan, watched);
        expect(lastState(plan, often)).toEqual(lastState(plan, late));
        const told = (played: Played[]): unknown[] =>
          played.flatMap(({ effects }) =>
            effects.filter(({ type }) => ['decided', 'returned', 'answered', 'extended', 'closed'].includes(type)),
          );
        expect(told(often)).toEqual(told(late));
      }),
      RUNS,
    );
  });

  it('never lets an amount grow, nor fall below zero', () => {
    fc.assert(
      fc.property(anyPlan, anyDay, (plan, day) => {
        let amount = 100;
        for (const { after } of playEvents(plan, eventsOf(day))) {
          const now = after.changes['params.amount'] ?? 100;
          expect(now).toBeLessThanOrEqual(amount);
          expect(now).toBeGreaterThanOrEqual(0);
          amount = Number(now);
        }
      }),
      { numRuns: 300 },
    );
  });
});
