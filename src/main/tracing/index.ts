/** OpenTelemetry: from the request through workflow and activities to the seal, Slack and webhooks, in one trace. Off without a collector. */
import { context, propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import { packageVersion } from '../package-folder.ts';

export interface TracingSettings {
  /** Where the collector takes spans, as OTLP over HTTP. */
  url: string;
  headers: Readonly<Record<string, string>>;
  service: string;
  /** The share of kept traces among those that begin here; for others, their first span decides. */
  ratio: number;
}

/** How often gathered spans are sent, in milliseconds. */
const SEND_MS = 1000;
/** Spans that wait for the collector at most; the newest are dropped beyond that. */
const KEPT = 4096;

/** Tests run several stacks in one process, and OpenTelemetry has one provider of a process. */
let users = 0;
let provider: NodeTracerProvider | null = null;

/** Sends spans from now on. @returns a function that ends it, after the last span is sent or given up */
export function startTracing(settings: TracingSettings | null): () => Promise<void> {
  if (settings === null) return async () => undefined;
  users += 1;
  if (provider === null) {
    provider = providerOf(settings);
    // Traces only: baggage may hold anything that a caller wrote.
    provider.register({ propagator: new W3CTraceContextPropagator() });
  }
  return async () => {
    users -= 1;
    if (users > 0) return;
    const ending = provider;
    provider = null;
    for (const api of [trace, context, propagation]) api.disable();
    // A collector that is away must not delay a stop.
    await ending?.shutdown().catch(() => undefined);
  };
}

function providerOf({ url, headers, service, ratio }: TracingSettings): NodeTracerProvider {
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: 5000 });
  return new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': packageVersion() }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: SEND_MS, maxQueueSize: KEPT })],
  });
}
