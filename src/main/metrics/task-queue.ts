/** Temporal's figures about our task queue: workers that ask for work, and work that waits. */

export interface QueueStanding {
  /** Workers that asked for work in the last minutes. */
  pollers: number;
  /** Null where the server is too old to say. */
  backlog: number | null;
  backlogAgeSeconds: number | null;
}

export type QueueKind = 'workflow' | 'activity';
/** `temporal.api.enums.v1.TaskQueueType`. */
const TYPES = { workflow: 1, activity: 2 } as const;
export const QUEUE_KINDS = ['workflow', 'activity'] as const satisfies readonly QueueKind[];

/** The part of a connection that is used. */
export interface Asks {
  withDeadline<T>(deadline: number, ask: () => Promise<T>): Promise<T>;
  workflowService: {
    describeNamespace(request: { namespace: string }): Promise<unknown>;
    describeTaskQueue(request: {
      namespace: string;
      taskQueue: { name: string };
      taskQueueType: number;
      reportStats: boolean;
    }): Promise<{
      pollers?: readonly { identity?: string | null; lastAccessTime?: Span | null }[] | null;
      stats?: { approximateBacklogCount?: unknown; approximateBacklogAge?: Span | null } | null;
    }>;
  };
}

/** `google.protobuf.Timestamp` and `Duration`; seconds may be a `Long`. */
interface Span {
  seconds?: unknown;
  nanos?: number | null;
}

/** A poller that was silent for this long is gone, because a worker asks at least every minute. */
const SEEN_MS = 120_000;

/** @param ms How long it may take. */
export async function queueStanding(
  connection: Asks,
  { namespace, taskQueue, kind, ms }: { namespace: string; taskQueue: string; kind: QueueKind; ms: number },
): Promise<QueueStanding> {
  const { pollers, stats } = await connection.withDeadline(Date.now() + ms, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TYPES[kind],
      reportStats: true,
    }),
  );
  const since = Date.now() - SEEN_MS;
  const seen = (pollers ?? []).filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since);
  const age = stats?.approximateBacklogAge;
  return {
    pollers: new Set(seen.map(({ identity }) => identity)).size,
    backlog: stats == null ? null : Number(stats.approximateBacklogCount),
    backlogAgeSeconds: stats == null ? null : Number(age?.seconds ?? 0) + Number(age?.nanos ?? 0) / 1e9,
  };
}
