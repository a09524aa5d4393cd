/** Random plans and random days for property tests: people come and go, stand in for one another, and click what they like. */
import fc from 'fast-check';
import {
  checkEvent,
  openApproval,
  reduce,
  type ApprovalEffect,
  type ApprovalEvent,
  type ApprovalState,
  type DecideEvent,
} from '../../src/approval/index.ts';
import type { ApprovalPlan, ApprovalStagePlan } from '../../src/contract/index.ts';

const PEOPLE: readonly string[] = ['ann', 'bob', 'cid', 'dee', 'eve', 'fay', 'gus'];
export const OPENED = 1_800_000_000_000;

const person = fc.constantFrom(...PEOPLE);
const some = (min: number) => fc.uniqueArray(person, { minLength: min, maxLength: 5 });
const stage: fc.Arbitrary<ApprovalStagePlan> = fc.record({
  name: fc.constant('stage'),
  quorum: fc.constantFrom(1, 1, 2, 2, 3),
  refusals: fc.constantFrom(1, 2, 2, 3),
  refs: fc.constant(['group:some']),
  approvers: some(2),
  remindMs: fc.option(fc.integer({ min: 1, max: 900 })),
  escalate: fc.option(
    fc.record({ afterMs: fc.integer({ min: 1, max: 900 }), refs: fc.constant(['group:more']), approvers: some(1) }),
  ),
  assurance: fc.constantFrom<'passkey' | null>(null, null, null, 'passkey'),
});

export const anyPlan: fc.Arbitrary<ApprovalPlan> = fc
  .record({
    stages: fc.array(stage, { minLength: 1, maxLength: 3 }),
    expiresMs: fc.oneof(
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 1000 }) },
      { weight: 3, arbitrary: fc.constant(2000) },
    ),
    extendUpToMs: fc.option(fc.integer({ min: 0, max: 3000 })),
    reason: fc.constantFrom<'required' | 'optional'>('required', 'optional'),
    fourEyes: fc.boolean(),
    excluded: fc.uniqueArray(person, { maxLength: 1 }),
    mayChange: fc.constant<string[]>(['params.amount']),
    via: fc.constantFrom<ApprovalPlan['via']>(['slack', 'console'], ['slack', 'console', 'api', 'cli'], ['console']),
  })
  .map((plan) => (plan.fourEyes ? plan : { ...plan, excluded: [] }));

/** What may happen in a world. `decide` is what a person tries; whether it may count, the world knows. */
type Happening =
  | { kind: 'decide'; event: Omit<DecideEvent, 'standing' | 'standsInFor' | 'delegation'>; pick: number | null }
  | { kind: 'leave'; who: string }
  | { kind: 'return'; who: string }
  | { kind: 'delegate'; from: string; to: string }
  | { kind: 'revoke'; from: string; to: string }
  | { kind: 'other'; event: ApprovalEvent };

const decide: fc.Arbitrary<Happening> = fc
  .record({
    by: person,
    decision: fc.constantFrom<DecideEvent['decision']>(
      'approve',
      'approve',
      'approve',
      'approve',
      'refuse',
      'return',
      'extend',
    ),
    stage: fc.constantFrom(null, null, null, null, -1, 0, 1, 2, 3),
    reason: fc.constantFrom('because', 'because', null),
    amount: fc.option(fc.integer({ min: -5, max: 120 }), { freq: 2 }),
    until: fc.integer({ min: 0, max: 3500 }),
    via: fc.constantFrom<DecideEvent['via']>('console', 'console', 'slack', 'api'),
    assured: fc.constantFrom(true, true, false),
    from: fc.option(fc.nat({ max: 30 }), { freq: 2 }),
  })
  .map(({ stage: seen, amount, until, from, ...rest }) => ({
    kind: 'decide',
    event: {
      type: 'decide',
      ...rest,
      ...(seen === null ? {} : { stage: seen }),
      changes: amount === null || rest.decision !== 'approve' ? null : { 'params.amount': amount },
      original: { 'params.amount': 100 },
      until: rest.decision === 'extend' ? OPENED + until : null,
    },
    pick: from,
  }));

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 12, arbitrary: decide },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom<'leave' | 'return'>('leave', 'return'), who: person }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom<'delegate' | 'revoke'>('delegate', 'delegate', 'delegate', 'revoke'),
      from: person,
      to: person,
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .oneof(
        fc.record({ type: fc.constant('unreachable' as const), people: some(0) }),
        fc.record({ type: fc.constant('answer' as const), by: person, text: fc.constantFrom('so it is', '') }),
        fc.constant<ApprovalEvent>({ type: 'tick' }),
      )
      .map((event): Happening => ({ kind: 'other', event })),
  },
);

/** Happenings with the milliseconds that pass before each. */
export const anyDay = fc.array(fc.tuple(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60 })), happening), {
  maxLength: 60,
  size: 'max',
});
export type Day = [number, Happening][];

/** One event as it reached the reducer. */
export interface Played {
  now: number;
  event: ApprovalEvent;
  counted: boolean;
  before: ApprovalState;
  after: ApprovalState;
  effects: ApprovalEffect[];
}

/** What reaches the reducer on such a day: decisions with what the directory and the delegations say at that moment. */
export function eventsOf(day: Day): [number, ApprovalEvent][] {
  const gone = new Set<string>();
  const delegations = new Set<string>();
  const events: [number, ApprovalEvent][] = [];
  let now = OPENED;
  for (const [wait, what] of day) {
    now += wait;
    if (what.kind === 'leave') gone.add(what.who);
    else if (what.kind === 'return') gone.delete(what.who);
    else if (what.kind === 'delegate') delegations.add(`${what.from}>${what.to}`);
    else if (what.kind === 'revoke') delegations.delete(`${what.from}>${what.to}`);
    else if (what.kind === 'other') events.push([now, what.event]);
    else {
      const { by } = what.event;
      const standsInFor = PEOPLE.filter((from) => from !== by && delegations.has(`${from}>${by}`));
      // Mostly a delegation that holds; now and then one that somebody claims to have.
      const from =
        what.pick === null ? null : ([...standsInFor, PEOPLE[what.pick]][what.pick % (standsInFor.length + 1)] ?? null);
      const holds = from === null || (standsInFor.includes(from) && !gone.has(from));
      const delegation = from === null ? null : { id: `del_${from}`, from };
      events.push([now, { ...what.event, delegation, standing: holds && !gone.has(by), standsInFor }]);
    }
  }
  return events;
}

/** Plays events; `crash` leaves nothing of the state but its JSON after each. */
export function playEvents(plan: ApprovalPlan, events: [number, ApprovalEvent][], crash = false): Played[] {
  let state = openApproval(plan, OPENED);
  return events.map(([now, event]) => {
    const before = state;
    const counted = checkEvent(before, event, now) === null;
    const { state: after, effects } = reduce(before, event, now);
    state = crash ? (JSON.parse(JSON.stringify(after)) as ApprovalState) : after;
    return { now, event, counted, before, after, effects };
  });
}
