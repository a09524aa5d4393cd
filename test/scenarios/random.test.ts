/**
 * Whatever people do, leave, delegate and withdraw, however often a worker is stopped or killed: nothing is released without the plan's
 * quorum of different people who were asked and still there, and nothing gets stuck. On the real stack; the rules are those of rules.ts.
 */
import { Client } from '@temporalio/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { SEED } from '../support/seed.ts';
import { checkLog } from '../support/check-log.ts';
import { Rules, anyDay, anyPlan, faultsOf, specOf, type Command, type Deeds, type Plan } from './rules.ts';
import { createStory, type Story } from './story.ts';
import { openWorld, personOf, PEOPLE, type Name, type World } from './world.ts';

const DAYS = 32;
/** An expiry of an hour is looked at, not waited for. */
const WAITED_SECONDS = 60;
const CLOSED = ['released', 'refused', 'expired', 'cancelled'];
/** What an answer may be when nobody was there to give it: then only the records say what counted. */
const UNSURE = ['unavailable', 'internal'];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const tagOf = (index: number): string => `g0x${index}`;

interface Played {
  story: Story;
  plan: Plan;
  deeds: Deeds;
  /** Answers that are not what the rules say. */
  surprises: string[];
}

/** How much of all days is over: what faults are timed by. */
interface Progress {
  steps: number;
  all: number;
}

async function live(
  world: World,
  index: number,
  plan: Plan,
  day: readonly Command[],
  progress: Progress,
): Promise<Played> {
  const story = createStory(world, tagOf(index));
  const asked = await eventually(`${story.tag} is asked`, async () => {
    const { status } = await story.ask();
    // Without a worker it is accepted and not judged yet.
    return status === 202 ? story.becomes('supervised') : undefined;
  });
  const expiresAt = Date.parse(asked.approval.expiresAt as string);
  const rules = new Rules(plan);
  const deeds: Deeds = { said: [], left: new Map(), delegated: [], expiresAt };
  const surprises: string[] = [];
  const tokens = new Map<Name, string>();
  for (const name of PEOPLE) tokens.set(name, await world.tokenOf(personOf(story.tag, name)));
  let sure = true;
  let freeze: string | null = null;

  for (const step of day) {
    progress.steps += 1;
    switch (step.do) {
      case 'wait':
        await sleep(step.ms);
        break;
      case 'leave':
        if (rules.left.has(step.who)) break;
        story.leave(step.who);
        rules.left.add(step.who);
        deeds.left.set(step.who, Date.now());
        break;
      case 'delegate':
        if (rules.left.has(step.from) || rules.left.has(step.to)) break;
        await story.delegate(step.from, step.to);
        rules.delegations.push(step);
        deeds.delegated.push(step);
        break;
      case 'freeze':
        freeze ??= await story.freeze();
        break;
      case 'thaw':
        if (freeze !== null) await story.thaw(freeze);
        freeze = null;
        break;
      case 'cancel':
        if (UNSURE.includes(await story.cancel())) sure = false;
        else rules.closed = true;
        break;
      case 'decide': {
        const { by, decision, twice } = step;
        // One word delivered twice names the stage that it is about, as a click does.
        const may = rules.authority(by) !== undefined;
        deeds.said.push({ by, decision, at: Date.now() });
        const options = { token: tokens.get(by) ?? '' };
        const said = await Promise.all(
          Array.from({ length: twice ? 2 : 1 }, () =>
            story.decide(by, { decision, reason: 'so it is', ...(twice ? { stage: rules.stage } : {}) }, options),
          ),
        );
        const done = said.filter((answer) => answer === 'done').length;
        if (said.some((answer) => UNSURE.includes(answer)) || Date.now() >= expiresAt) sure = false;
        if (sure && done !== (may ? 1 : 0))
          surprises.push(`${by} ${decision}: ${said.join(', ')}; may: ${String(may)}`);
        if (sure && done > 0 && may) rules.take(by, decision);
      }
    }
  }
  // A freeze holds back until it is lifted; whatever is held back goes on then.
  if (freeze !== null) await story.thaw(freeze);
  return { story, plan, deeds, surprises };
}

/** Ends workers while people go about their day: politely, or with SIGKILL; after so many more of their steps. */
async function chaos(world: World, how: readonly ('stop' | 'kill')[], progress: Progress): Promise<void> {
  const share = Math.floor(progress.all / (2 * how.length + 2));
  const goOn = (): Promise<true> => {
    const from = progress.steps;
    return eventually('people go on', () =>
      progress.steps >= Math.min(from + share, progress.all) ? true : undefined,
    );
  };
  for (const end of how) {
    await goOn();
    if (end === 'stop') await world.stopWorker();
    else {
      await world.useProcess();
      await goOn();
      await world.killProcess();
    }
    await world.startWorker();
  }
}

describe(`random days (COUNTERSIGN_TEST_SEED=${SEED})`, () => {
  const days = fc.sample(fc.tuple(anyPlan, anyDay), { numRuns: DAYS, seed: SEED });
  let world: World;
  let played: Played[];
  beforeAll(async () => {
    world = await openWorld(Object.fromEntries(days.map(([plan], index) => [tagOf(index), specOf(plan)])));
    const progress = { steps: 0, all: days.reduce((sum, [, day]) => sum + day.length, 0) };
    const [all] = await Promise.all([
      Promise.all(days.map(([plan, day], index) => live(world, index, plan, day, progress))),
      chaos(world, ['stop', 'kill', 'stop'], progress),
    ]);
    played = all;
  });
  afterAll(() => world.close());

  it('answer as the rules say', () => {
    expect(played.flatMap(({ story, surprises }) => surprises.map((one) => `${story.tag}: ${one}`))).toEqual([]);
  });

  it('never get stuck: each ends, or waits with a timer that will fire', async () => {
    const { temporal } = world.stack.stack;
    const client = new Client({ connection: temporal.connection, namespace: temporal.namespace });
    const ends = await Promise.all(
      played.map(async ({ story, plan }) => {
        if (plan.expires <= WAITED_SECONDS) {
          let last: unknown;
          return eventually(`${story.tag} ends`, async () => {
            const action = await story.action();
            last = action;
            return CLOSED.includes(action.status as string) ? (action.status as string) : undefined;
          }).catch((error: unknown) => {
            throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
          });
        }
        const { status } = await story.action();
        if (status !== 'supervised') return status as string;
        const { events } = await client.workflow.getHandle(`action/default/${story.id.slice(4)}`).fetchHistory();
        const ended = new Set(
          (events ?? []).flatMap((event) => {
            const { timerId } = event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes ?? {};
            return typeof timerId === 'string' ? [timerId] : [];
          }),
        );
        const live = (events ?? []).filter(({ timerStartedEventAttributes: started }) => {
          return typeof started?.timerId === 'string' && !ended.has(started.timerId);
        });
        return live.length > 0 ? 'waits' : `${story.tag} waits for nothing`;
      }),
    );
    expect(ends.filter((end) => !CLOSED.includes(end) && end !== 'waits')).toEqual([]);
    // Something of everything, or the days were too quiet to mean much.
    expect(new Set(ends).size).toBeGreaterThan(2);
  }, 150_000);

  it('release only with the quorum of different people who were asked and still there', async () => {
    const faults: string[] = [];
    for (const { story, plan, deeds } of played) {
      const records = await story.records();
      const nameOf = (id: string): Name => PEOPLE.find((name) => personOf(story.tag, name) === id) ?? 'gus';
      const found = faultsOf(plan, records, deeds, nameOf);
      const { permit, status } = await story.action();
      if ((permit !== null) !== (status === 'released')) found.push(`${String(status)} with a permit, or without`);
      faults.push(...found.map((fault) => `${story.tag}: ${fault}`));
    }
    expect(faults).toEqual([]);
  });

  it('leave a log whose every entry, chain and proof holds', async () => {
    const { store, keys } = world.stack.stack.parts;
    expect((await checkLog({ store, keys })).size).toBeGreaterThan(DAYS * 2);
  });
});
