/** Temporal: the worker that runs governed actions, and the client that starts them. */
import { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import {
  createActivities,
  createJudging,
  createTelling,
  createPlanActivities,
  createNexusActivities,
  createNexusService,
  createSweepActivities,
  createShareActivities,
  type Judging,
  type PeopleTelling,
} from '../activities/index.ts';
import type { Circuit } from '../availability/index.ts';
import type { Histories } from '../engine/deps.ts';
import type { NotifyDeps } from '../notify/deps.ts';
import { createHistories } from '../engine/histories.ts';
import type { Parts } from './parts.ts';
import { guarding } from './temporal/guard.ts';
import { tracingActivities, tracingCalls } from './tracing/temporal.ts';
import { builtBundle, failureConverterPath, workflowModules } from './workflow-bundle.ts';

export const TASK_QUEUE = 'countersign';

/** The worker deployment whose versions `TEMPORAL_WORKER_BUILD_ID` names. */
export const DEPLOYMENT = 'countersign';

const converter = (parts: Parts): DataConverter => ({
  payloadCodecs: [parts.codec],
  failureConverterPath,
});

/** @param circuit Set where callers wait for an answer, so that they learn of an outage immediately. */
export function createClient(parts: Parts, connection: NativeConnection, namespace: string, circuit?: Circuit): Client {
  const workflow = [
    ...(parts.config.tracing === null ? [] : [tracingCalls]),
    ...(circuit === undefined ? [] : [guarding(connection, circuit)]),
  ];
  return new Client({ connection, namespace, dataConverter: converter(parts), interceptors: { workflow } });
}

export interface RunningWorker {
  /** Rejects when the worker fails; resolves after `stop`. */
  done: Promise<void>;
  /** As Temporal's SDK names it: `RUNNING` while it works. */
  state(): string;
  stop(): Promise<void>;
}

interface WorkerChoices {
  taskQueue?: string;
  /** The judging that the worker shares with the gateway of this process. */
  judging?: Judging;
  /** The telling that the worker shares with the gateway of this process. */
  telling?: PeopleTelling;
  /** Whether workflows of other namespaces may ask, through an endpoint for this task queue. */
  nexus?: boolean;
  /** Default: the configured one. */
  buildId?: string | undefined;
}

/** Every activity that a worker registers. */
export const activitiesOf = (
  { sharing, logReader }: Pick<Parts, 'sharing' | 'logReader'>,
  deps: NotifyDeps,
  { judging, telling }: { judging: Judging; telling: PeopleTelling },
  histories: Histories,
): ReturnType<typeof createActivities> &
  ReturnType<typeof createPlanActivities> &
  ReturnType<typeof createSweepActivities> &
  ReturnType<typeof createShareActivities> &
  ReturnType<typeof createNexusActivities> => ({
  ...createActivities(deps, judging, telling),
  ...createPlanActivities(deps, judging, histories),
  ...createSweepActivities(deps, histories),
  ...createShareActivities({ ...deps, ...sharing, logReader }),
  ...createNexusActivities(deps),
});

export async function startWorkerOn(
  parts: Parts,
  connection: NativeConnection,
  namespace: string,
  deps: NotifyDeps,
  {
    taskQueue = TASK_QUEUE,
    judging = createJudging({ alone: deps, shared: deps }),
    telling = createTelling(deps),
    nexus = false,
    buildId = parts.config.temporal.buildId,
  }: WorkerChoices = {},
): Promise<RunningWorker> {
  const bundle = builtBundle();
  const { workflowsPath, workflowInterceptorModules, preloadModules } = workflowModules();
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    ...(bundle === null
      ? { workflowsPath, bundlerOptions: { preloadModules } }
      : { workflowBundle: { codePath: bundle } }),
    activities: activitiesOf(
      parts,
      deps,
      { judging, telling },
      createHistories(createClient(parts, connection, namespace), taskQueue),
    ),
    ...(nexus ? { nexusServices: [createNexusService(deps)] } : {}),
    interceptors: {
      activity: parts.config.tracing === null ? [] : [tracingActivities],
      workflowModules: bundle === null ? workflowInterceptorModules : [],
    },
    dataConverter: converter(parts),
    // Actions outlive releases, so each continues under the current version. Otherwise a version would have to run for months.
    ...(buildId === undefined
      ? {}
      : {
          workerDeploymentOptions: {
            version: { deploymentName: DEPLOYMENT, buildId },
            useWorkerVersioning: true,
            defaultVersioningBehavior: 'AUTO_UPGRADE' as const,
          },
        }),
    // An approver waits for this task, so another worker soon takes over the task of one that died.
    stickyQueueScheduleToStartTimeout: '2 seconds',
    shutdownGraceTime: '5 seconds',
  });
  const done = worker.run();
  done.catch(() => undefined);
  return {
    done,
    state: () => worker.getState(),
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => undefined);
    },
  };
}
