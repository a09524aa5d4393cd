/** People hear of what waits for them from the process that was asked: no worker is needed for it, and the one that comes tells them nothing twice. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createJudging, createTelling, type PeopleTelling } from '../../src/activities/index.ts';
import type { Gateway } from '../../src/gateway/index.ts';
import { createClient, startWorkerOn, type RunningWorker } from '../../src/main/engine.ts';
import { activityDeps } from '../../src/main/parts.ts';
import { gatewayOf } from '../../src/main/serve.ts';
import { slackNotifiers } from '../../src/main/slack-notifiers.ts';
import { NotifierUnavailable } from '../../src/notify/notifier.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund } from '../support/stack.ts';

let it_: SharedStack;
let queue: string;
let worker: RunningWorker | undefined;
beforeAll(async () => {
  it_ = await sharedStack();
});
beforeEach(() => {
  queue = `announced-${randomUUID()}`;
});
afterAll(() => worker?.stop());

const depsOf = () => {
  const { parts } = it_.stack;
  const { botToken, signingSecret } = it_.sandbox;
  const slack = { botToken, signingSecret, appToken: undefined, apiUrl: `${it_.url}/slack-sandbox/api/` };
  return activityDeps(parts, slackNotifiers(parts, slack), null);
};

/** A process that is asked, on a queue that nobody serves yet. */
function openProcess(telling: PeopleTelling): Gateway {
  const { parts, temporal } = it_.stack;
  const deps = depsOf();
  const client = createClient(parts, temporal.connection, temporal.namespace);
  return gatewayOf(parts, client, createJudging({ alone: deps, shared: deps }), { taskQueue: queue, telling });
}

async function serve(telling: PeopleTelling): Promise<void> {
  const { parts, temporal } = it_.stack;
  worker = await startWorkerOn(parts, temporal.connection, temporal.namespace, depsOf(), { taskQueue: queue, telling });
}

/** How many messages that ask about an action were posted, and how many of them still ask. */
function standing(action: string): [number, number] {
  const asks = (text: string): boolean => text.includes(action) && /action_id\\*":\\*"(approve|refuse)/.test(text);
  const posted = it_.sandbox.control.calls.filter(
    ({ method, args }) => method === 'chat.postMessage' && asks(JSON.stringify(args)),
  );
  const messages = it_.sandbox.control.messages('finance-approvals');
  return [posted.length, messages.filter(({ blocks }) => asks(JSON.stringify(blocks))).length];
}

async function ask(gateway: Gateway): Promise<string> {
  const caller = await gateway.authenticate(`Bearer ${it_.stack.firstKey}`);
  const { action } = await gateway.request(caller, refund(420.5), randomUUID(), 0);
  expect(action.status).toBe('supervised');
  return action.id;
}

describe('what waits for people', () => {
  it.each([
    ['of the same process', true],
    ['of another process', false],
  ])('is announced while no worker is there, and once: then by the worker %s', async (_whose, same) => {
    const telling = createTelling(depsOf());
    const gateway = openProcess(telling);
    const action = await ask(gateway);
    await eventually('it is announced', () => Promise.resolve(standing(action)[0] === 1 || undefined));
    const { slackMessages, slackPosts } = it_.stack.parts.store;
    await eventually('its place is known', async () => {
      const [posted] = await slackMessages.list('default', action);
      return posted !== undefined && (await slackPosts.of('default', action)).length === 0 ? true : undefined;
    });

    await worker?.stop();
    await serve(same ? telling : createTelling(depsOf()));
    const approver = await gateway.authenticate(`Bearer ${await it_.person(LEAD)}`);
    await eventually('it is decided', () =>
      gateway.decide(approver, action, { decision: 'approve' }, 'api').catch(() => undefined),
    );
    await eventually('no message asks', () => Promise.resolve(standing(action)[1] === 0 || undefined));
    expect(standing(action)[0]).toBe(1);
  });

  it('is announced by its workflow where Slack was away before', async () => {
    const deps = depsOf();
    let away = true;
    const telling = createTelling({
      ...deps,
      notifier(tenant) {
        const slack = deps.notifier(tenant);
        if (slack === null || !away) return slack;
        away = false;
        return { ...slack, post: () => Promise.reject(new NotifierUnavailable('Slack is away', { retryAfterMs: 1 })) };
      },
    });
    const action = await ask(openProcess(telling));
    await eventually('it was tried', () => Promise.resolve(!away || undefined));
    await worker?.stop();
    await serve(telling);
    await eventually('it is announced', () => Promise.resolve(standing(action)[0] === 1 || undefined));
  });
});
