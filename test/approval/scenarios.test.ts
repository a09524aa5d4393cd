import { describe, expect, it } from 'vitest';
import {
  approvalView,
  checkEvent,
  nextWake,
  openApproval,
  reduce,
  type ApprovalEvent,
  type ApprovalState,
} from '../../src/approval/index.ts';
import { approvalViewSchema } from '../../src/contract/index.ts';
import { told, type Scenario } from './kit.ts';
import { SCENARIOS } from './scenarios.ts';

const OPENED = Date.UTC(2026, 10, 21, 9);

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

const absolute = (event: ApprovalEvent): ApprovalEvent =>
  event.type === 'decide' && event.until !== null ? { ...event, until: OPENED + event.until } : event;

/** Plays a scenario; after every step the state is what is left of it after a crash: its JSON. */
function play({ plan, timeline, late }: Scenario) {
  let state: ApprovalState = freeze(openApproval(freeze(plan), OPENED));
  const effects: string[] = [];
  const refusals: string[] = [];
  const step = (event: ApprovalEvent, now: number): void => {
    const next = reduce(state, freeze(event), now);
    effects.push(...next.effects.map(told));
    state = freeze(JSON.parse(JSON.stringify(next.state)) as ApprovalState);
    expect(state).toEqual(next.state);
    expect(approvalViewSchema.safeParse(approvalView(state)).success).toBe(true);
  };
  for (const [atMs, event] of timeline) {
    const now = OPENED + atMs;
    if (late !== true) {
      for (let wake = nextWake(state); wake !== null && wake <= now; wake = nextWake(state))
        step({ type: 'tick' }, wake);
    }
    const happens = absolute(event);
    const refusal = checkEvent(state, happens, now);
    if (refusal !== null) {
      refusals.push(refusal.code);
      expect(refusal.message).toMatch(/^[a-z`]/);
      // What does not count changes nothing that a tick would not.
      expect(reduce(state, happens, now)).toEqual(reduce(state, { type: 'tick' }, now));
    }
    step(happens, now);
  }
  return { state, effects, refusals };
}

describe('the table of scenarios', () => {
  it('holds at least 60, each with a name of its own', () => {
    expect(SCENARIOS.length).toBeGreaterThanOrEqual(60);
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  });

  it.each(SCENARIOS)('$name', (scenario) => {
    const { wanted } = scenario;
    const { state, effects, refusals } = play(scenario);
    expect({ status: state.status, refusals, effects }).toEqual({
      status: wanted.status,
      refusals: wanted.refusals ?? [],
      effects: wanted.effects,
    });
    if (wanted.changes !== undefined) expect(state.changes).toEqual(wanted.changes);
    if (wanted.expiresAt !== undefined) expect(state.expiresAt - OPENED).toBe(wanted.expiresAt);
    if (wanted.escalated !== undefined) expect(state.stages[state.stage]?.escalated).toBe(wanted.escalated);
    if (wanted.stage !== undefined) expect(state.stage).toBe(wanted.stage);
  });
});
