/** A span of each request, in the trace that its `traceparent` names, or in a new one. */
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { requestId } from '../../api/request-id.ts';

/** Paths that monitoring asks every few seconds. */
const UNTRACED = new Set(['/healthz', '/readyz', '/metrics']);

/** A span holds only the method and the route of a request. */
export const tracingRequests: RequestHandler = (request, response, next) => {
  if (UNTRACED.has(request.path)) {
    next();
    return;
  }
  const parent = propagation.extract(context.active(), request.headers);
  const span = trace.getTracer('countersign').startSpan(
    request.method,
    {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': request.method, 'countersign.request_id': requestId() ?? '' },
    },
    parent,
  );
  response.once('close', () => {
    const route: unknown = request.route?.path;
    if (typeof route === 'string') {
      span.updateName(`${request.method} ${route}`);
      span.setAttribute('http.route', route);
    }
    span.setAttribute('http.response.status_code', response.statusCode);
    if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(parent, span), next);
};
