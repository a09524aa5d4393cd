/** Passes a trace into a workflow, and continues it in its activities. Within the workflow, `workflows/trace-context.ts` carries it. */
import { context, propagation, SpanKind, type Context } from '@opentelemetry/api';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { TRACE_HEADER } from '../../workflows/trace-context.ts';
import { inSpan } from './span.ts';

/** The headers, with the active trace where there is one. */
function withTrace(headers: Headers): Headers {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return Object.keys(carrier).length === 0
    ? headers
    : { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(carrier) };
}

/** The trace of a header. Anybody who can start a workflow may have written it, so a malformed one is ignored. */
function traceOf({ [TRACE_HEADER]: payload }: Headers): Context {
  if (payload === undefined) return context.active();
  try {
    const carrier: unknown = defaultPayloadConverter.fromPayload(payload);
    return typeof carrier === 'object' && carrier !== null
      ? propagation.extract(context.active(), carrier)
      : context.active();
  } catch {
    return context.active();
  }
}

/** Starts, updates and signals carry the trace of their caller. */
export const tracingCalls: WorkflowClientInterceptor = {
  startWithDetails: (input, next) =>
    inSpan(`start ${input.workflowType}`, asked(input.options.workflowId), () =>
      next({ ...input, headers: withTrace(input.headers) }),
    ),
  startUpdate: (input, next) =>
    inSpan(`update ${input.updateName}`, asked(input.workflowExecution.workflowId), () =>
      next({ ...input, headers: withTrace(input.headers) }),
    ),
  signal: (input, next) =>
    inSpan(`signal ${input.signalName}`, asked(input.workflowExecution.workflowId), () =>
      next({ ...input, headers: withTrace(input.headers) }),
    ),
};

const asked = (workflowId = ''): { kind: SpanKind; attributes: { 'countersign.workflow': string } } => ({
  kind: SpanKind.CLIENT,
  attributes: { 'countersign.workflow': workflowId },
});

/** Each activity, local ones too, is a span of the trace that its workflow carries. */
export const tracingActivities: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute: (input, next) =>
      inSpan(
        `activity ${info.activityType}`,
        {
          context: traceOf(input.headers),
          attributes: { 'countersign.workflow': info.workflowExecution?.workflowId ?? '' },
        },
        () => next(input),
      ),
  },
});
