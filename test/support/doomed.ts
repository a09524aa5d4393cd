/** A process of a stack that fails at one durable write of one action, as an object graph of its own over the parts of the others. */
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { createJudging, createTelling } from '../../src/activities/index.ts';
import type { Gateway } from '../../src/gateway/index.ts';
import type { Sequencer } from '../../src/sequencer/index.ts';
import type { LimitStore, Store } from '../../src/store/index.ts';
import { startWorkerOn, type RunningWorker } from '../../src/main/engine.ts';
import { activityDeps, type Notifiers, type Parts } from '../../src/main/parts.ts';
import { gatewayOf } from '../../src/main/serve.ts';

/**
 * The durable writes of docs/action-cycle.md, in its order: `limit` is decided under its locks, `take` what was counted beside the start
 * and still is so.
 */
export type Write =
  | 'start'
  | 'payload'
  | 'limit'
  | 'take'
  | 'verdict'
  | 'post'
  | 'message'
  | 'decide'
  | 'decision'
  | 'release'
  | 'redemption'
  | 'outcome';

/** It was not written; it was, and the answer was lost; it was, and nothing of the process goes on. */
export type Fault = 'failed' | 'failed but persisted' | 'died after';

export class Faults {
  readonly #armed = new Map<string, { write: Write; fault: Fault; hit(): void }>();
  readonly #dead: ((error: Error) => void)[] = [];
  /** Actions whose start Temporal has acknowledged to a doomed process. */
  readonly acknowledged = new Set<string>();

  /** Arms one fault of one action. @returns what resolves when it has struck. */
  arm(action: string, write: Write, fault: Fault): Promise<void> {
    return new Promise((hit) => this.#armed.set(action, { write, fault, hit }));
  }

  /** Whether this fault is still to come. */
  awaits(action: string, write: Write): boolean {
    return this.#armed.get(action)?.write === write;
  }

  /** Ends what dead processes wait for, so that the one in which they were imagined can stop. */
  bury(): void {
    for (const reject of this.#dead) reject(new Error('the process is dead'));
  }

  async at<T>(action: string, write: Write, work: () => Promise<T>): Promise<T> {
    const armed = this.#armed.get(action);
    if (armed?.write !== write) return work();
    this.#armed.delete(action);
    if (armed.fault !== 'failed') await work();
    armed.hit();
    // What a dead process awaits never comes.
    if (armed.fault === 'died after') return new Promise<never>((_, reject) => this.#dead.push(reject));
    throw new Error(`the connection was lost at: ${write}`);
  }
}

const isWrite = (type: string): type is Write =>
  ['verdict', 'decision', 'release', 'redemption', 'outcome'].includes(type);

/** What is written one by one where it is not held beside the start. */
const SEPARATE: Write[] = ['payload', 'limit', 'take', 'verdict'];

function doomedParts(parts: Parts, faults: Faults): Parts {
  const { limits, payloads, slackMessages, slackPosts } = parts.store;
  const decide: LimitStore['decide'] = (tenant, action, ...rest) =>
    faults.at(action, 'limit', async () => {
      const decided = await limits.decide(tenant, action, ...rest);
      await decided.committed;
      return decided;
    });
  // What is read beside its start, and taken if it still is so. Where the locked way is to fail, nothing is.
  const glance: LimitStore['glance'] = async (tenant, action, ...rest) => {
    if (faults.awaits(action, 'limit')) return null;
    const glanced = await limits.glance(tenant, action, ...rest);
    if (glanced === null) return null;
    return { ...glanced, take: (decided) => faults.at(action, 'take', () => glanced.take(decided)) };
  };
  const store: Store = {
    ...parts.store,
    limits: { ...limits, decide, glance },
    payloads: {
      ...payloads,
      draft(tenant, action, payload) {
        const draft = payloads.draft(tenant, action, payload);
        return { ...draft, store: () => faults.at(action, 'payload', () => draft.store()) };
      },
    },
    slackPosts: {
      ...slackPosts,
      begin: (post) => faults.at(post.action, 'post', () => slackPosts.begin(post)),
    },
    slackMessages: {
      ...slackMessages,
      put: (message, post) => faults.at(message.action, 'message', () => slackMessages.put(message, post)),
    },
  };
  const sequencer: Sequencer = {
    append(tenant, records) {
      const [first] = records;
      const append = () => parts.sequencer.append(tenant, records);
      return first !== undefined && isWrite(first.type) ? faults.at(first.action, first.type, append) : append();
    },
    // Held it is one write with all that belongs to it, so what is to fail at one of these is written one after the other.
    hold: (tenant, records, holding) => {
      const [first] = records;
      const fails = first !== undefined && SEPARATE.some((write) => faults.awaits(first.action, write));
      return fails ? Promise.resolve(null) : parts.sequencer.hold(tenant, records, holding);
    },
  };
  return { ...parts, store, sequencer };
}

/** `act_…` of `action/TENANT/…`. */
const actionOf = (workflowId: string): string => `act_${workflowId.slice(workflowId.lastIndexOf('/') + 1)}`;

const interceptor = (faults: Faults): WorkflowClientInterceptor => ({
  startWithDetails: (input, next) => {
    const action = actionOf(input.options.workflowId);
    return faults.at(action, 'start', async () => {
      const started = await next(input);
      faults.acknowledged.add(action);
      return started;
    });
  },
  startUpdate: (input, next) =>
    input.updateName === 'decide'
      ? faults.at(actionOf(input.workflowExecution.workflowId ?? ''), 'decide', () => next(input))
      : next(input),
});

interface Surroundings {
  parts: Parts;
  connection: Parameters<typeof startWorkerOn>[1];
  namespace: string;
  notifiers: Notifiers;
}

export interface Doomed {
  /** Of a process with an API alone: another process's worker runs what it starts. */
  split: Gateway;
  /** Of the process whose worker runs what it starts, on a task queue of its own. */
  together: Gateway;
  worker: RunningWorker;
}

export async function startDoomed(
  { parts, connection, namespace, notifiers }: Surroundings,
  faults: Faults,
): Promise<Doomed> {
  const doomed = doomedParts(parts, faults);
  const deps = activityDeps(doomed, notifiers, null);
  const judging = createJudging({ alone: deps, shared: deps });
  const telling = createTelling(deps);
  const client = new Client({
    connection,
    namespace,
    dataConverter: { payloadCodecs: [parts.codec] },
    interceptors: { workflow: [interceptor(faults)] },
  });
  const taskQueue = 'doomed';
  return {
    split: gatewayOf(doomed, client, createJudging({ alone: deps, shared: deps })),
    together: gatewayOf(doomed, client, judging, { taskQueue, telling }),
    worker: await startWorkerOn(doomed, connection, namespace, deps, { taskQueue, judging, telling }),
  };
}
