/**
 * Carries the trace of the caller that started or messaged an action to the activities that follow from it.
 *
 * It makes no span and awaits nothing, so a workflow issues the same commands with it and without it. The interceptors of
 * `@temporalio/interceptors-opentelemetry` add yields, under which histories that were recorded without them do not replay.
 */
import type { Headers, WorkflowInterceptors } from '@temporalio/workflow';

/** Temporal's sandbox has it among its globals. */
declare const AsyncLocalStorage: new <T>() => { run<R>(store: T, work: () => R): R; getStore(): T | undefined };

/** The header in which Temporal's SDKs carry a trace: a map with `traceparent`. */
export const TRACE_HEADER = '_tracer-data';

type Trace = Headers[string];

export const interceptors = (): WorkflowInterceptors => {
  const current = new AsyncLocalStorage<Trace>();
  const within = <T>({ headers }: { headers: Headers }, work: () => T): T => {
    const trace = headers[TRACE_HEADER];
    return trace === undefined ? work() : current.run(trace, work);
  };
  const traced = <T extends { headers: Headers }>(input: T): T => {
    const trace = current.getStore();
    return trace === undefined ? input : { ...input, headers: { ...input.headers, [TRACE_HEADER]: trace } };
  };
  return {
    inbound: [
      {
        execute: (input, next) => within(input, () => next(input)),
        handleUpdate: (input, next) => within(input, () => next(input)),
        handleSignal: (input, next) => within(input, () => next(input)),
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(traced(input)),
        scheduleLocalActivity: (input, next) => next(traced(input)),
        signalWorkflow: (input, next) => next(traced(input)),
      },
    ],
  };
};
