/**
 * Stages × quorum × who × time × change × failure, each on the real stack: Temporal server, worker, PostgreSQL, gateway, HTTP, Slack
 * sandbox. All of a group at once: each has people, a surface and a policy of its own. An hour is a second or so here.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkLog } from '../support/check-log.ts';
import { passed } from '../support/eventually.ts';
import { check, createStory, type Scenario, type Story } from './story.ts';
import { changes, published } from './table/changes.ts';
import { asleep, failures, restarted, slackDown } from './table/faults.ts';
import { people } from './table/people.ts';
import { stages } from './table/stages.ts';
import { time } from './table/time.ts';
import { openWorld, type World } from './world.ts';

/** Scenarios that run side by side: more only make each other wait. */
const AT_ONCE = 12;
/** Of the longest wait in `asleep`, which all of that group outlive, and a little. */
const ASLEEP_MS = 10_000;

interface Group {
  name: string;
  scenarios: readonly Scenario[];
  /** What fails: before `play`, and before `then`. It is over when `then` begins. */
  before?(world: World): Promise<void>;
  between?(world: World, tag: (at: number) => string): Promise<void>;
  over?(world: World): Promise<void>;
}

const GROUPS: readonly Group[] = [
  { name: 'stages and quorum', scenarios: stages },
  { name: 'who', scenarios: people },
  { name: 'time', scenarios: time },
  { name: 'changes', scenarios: changes },
  { name: 'failures of people', scenarios: failures },
  {
    name: 'Slack is down',
    scenarios: slackDown,
    before: async ({ stack }) => stack.sandbox.control.inject({ outage: true }),
    over: async ({ stack }) => stack.sandbox.control.inject({ outage: false }),
  },
  {
    name: 'the worker ends and another takes over',
    scenarios: restarted,
    between: (world) => world.stopWorker(),
    over: (world) => world.startWorker(),
  },
  {
    name: 'the worker is killed and another takes over',
    scenarios: restarted,
    before: (world) => world.useProcess(),
    between: (world) => world.killProcess(),
    over: (world) => world.startWorker(),
  },
  {
    name: 'there is no worker until every deadline has passed',
    scenarios: asleep,
    async between(world) {
      await world.stopWorker();
      await passed(Date.now() + ASLEEP_MS);
    },
    over: (world) => world.startWorker(),
  },
  // The last one: it leaves no other story's policy in force.
  {
    name: 'policy changes meanwhile',
    scenarios: published,
    between: (world, tag) =>
      world.publish(Object.fromEntries(published.map(({ later = null }, at) => [tag(at), later]))),
  },
];

const tagOf = (group: number, index: number): string => `g${group}x${index}`;

/** What came of each scenario: nothing, or why it failed. */
type Outcome = { ok: true } | { ok: false; error: unknown };

async function eachOf(stories: readonly Telling[], step: (telling: Telling) => Promise<void>): Promise<void> {
  const queue = stories.filter(({ outcome }) => outcome.ok);
  const next = async (): Promise<void> => {
    for (let telling = queue.shift(); telling !== undefined; telling = queue.shift()) {
      const told = telling;
      await step(told).catch((error: unknown) => {
        told.outcome = { ok: false, error };
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

interface Telling {
  story: Story;
  scenario: Scenario;
  outcome: Outcome;
}

async function tellAll(world: World, group: Group, index: number): Promise<Telling[]> {
  const tellings = group.scenarios.map((scenario, at): Telling => ({
    story: createStory(world, tagOf(index, at)),
    scenario,
    outcome: { ok: true },
  }));
  await group.before?.(world);
  await eachOf(tellings, ({ story, scenario }) => scenario.play(story));
  await group.between?.(world, (at) => tagOf(index, at));
  const meanwhile = eachOf(tellings, async ({ story, scenario }) => scenario.meanwhile?.(story));
  await group.over?.(world);
  await meanwhile;
  await eachOf(tellings, async ({ story, scenario }) => {
    await scenario.then?.(story);
    await check(story, scenario);
  });
  return tellings;
}

describe('the table of scenarios on the real server', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(
      Object.fromEntries(
        GROUPS.flatMap(({ scenarios }, group) => scenarios.map((scenario, at) => [tagOf(group, at), scenario])),
      ),
    );
  });
  afterAll(() => world.close());

  it('holds at least 60', () => {
    expect(GROUPS.flatMap(({ scenarios }) => scenarios).length).toBeGreaterThanOrEqual(60);
  });

  for (const [index, group] of GROUPS.entries()) {
    describe(group.name, () => {
      let tellings: Telling[];
      beforeAll(async () => {
        tellings = await tellAll(world, group, index);
      });

      for (const [at, { name }] of group.scenarios.entries()) {
        it(name, () => {
          const outcome = tellings[at]?.outcome;
          if (outcome?.ok === true) return;
          throw outcome?.error instanceof Error
            ? outcome.error
            : new Error(`it was not told: ${String(outcome?.error)}`);
        });
      }
    });
  }

  it('leaves a log whose every entry, chain and proof holds', async () => {
    const { store, keys } = world.stack.stack.parts;
    const log = await checkLog({ store, keys });
    expect(log.size).toBeGreaterThan(200);
  });
});
