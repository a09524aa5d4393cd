/** Our spans. Without a collector there are none, and they cost nothing. */
import { SpanKind, SpanStatusCode, trace, type Attributes, type Context, type Span } from '@opentelemetry/api';
import { isCountersignError } from '../../contract/index.ts';

export interface SpanOptions {
  kind?: SpanKind;
  /** Names of steps, types and ids of ours: nothing that a caller wrote. */
  attributes?: Attributes;
  /** Default: the active one. */
  context?: Context;
}

/** Runs `work` within a span. For an error it records the kind, never the message, which may quote a request. */
export async function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const { kind = SpanKind.INTERNAL, attributes = {}, context } = options;
  const run = async (span: Span): Promise<T> => {
    try {
      return await work(span);
    } catch (error) {
      span.setAttribute('error.type', kindOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  };
  const tracer = trace.getTracer('countersign');
  return context === undefined
    ? tracer.startActiveSpan(name, { kind, attributes }, run)
    : tracer.startActiveSpan(name, { kind, attributes }, context, run);
}

const kindOf = (error: unknown): string => {
  if (isCountersignError(error)) return error.code;
  return error instanceof Error ? error.name : 'error';
};

/** The trace that the running step belongs to; undefined where none is kept. */
export function traceId(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined || !trace.isSpanContextValid(span) ? undefined : span.traceId;
}
