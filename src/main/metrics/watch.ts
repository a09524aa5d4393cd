/** A process's log, metrics, spans and readiness, from its first moment on. */
import type { Express, RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { ReadinessCheck } from '../../api/routes/health.ts';
import { isLoopback, type Config } from '../config.ts';
import type { Closers } from '../listen.ts';
import { createLogger } from '../parts.ts';
import { installRuntime } from '../temporal/runtime.ts';
import { tracingRequests } from '../tracing/http.ts';
import { startTracing } from '../tracing/index.ts';
import { measureStanding, type StandingOptions } from './gauges.ts';
import { createMeters, type Meters } from './meters.ts';
import { metricsHandler, openMetricsPort, unlessForwarded } from './port.ts';

export interface Watch {
  log: Logger;
  meters: Meters;
  /** Serves metrics on the API's port, where only this machine reaches it and no separate port is configured. */
  handler: RequestHandler | undefined;
  /** Counts what a server answers, and makes spans of it. */
  observe(app: Express): void;
  /** From now on, reports the state of the stack and whether this process is ready. */
  show(standing: StandingOptions, checks: ReadinessCheck[]): void;
}

export async function openWatch(config: Config, closers: Closers, io: { out(line: string): void }): Promise<Watch> {
  const hasPort = config.metrics.port !== undefined;
  const meters = createMeters({ node: hasPort });
  const log = createLogger(config.logLevel, () => meters.linesDropped());
  closers.add(startTracing(config.tracing));
  const port = await openMetricsPort(config, closers);
  if (port !== null) io.out(`countersign says how it is at ${port.url}/metrics`);
  const runtime = await installRuntime({ log }, hasPort);
  closers.add(() => runtime.close());
  const core = (): Promise<string> => runtime.metrics();
  return {
    log,
    meters,
    handler: !hasPort && isLoopback(config.host) ? unlessForwarded(metricsHandler(meters, core)) : undefined,
    observe: (app) => {
      if (config.tracing !== null) app.use(tracingRequests);
      app.use(observing(meters));
    },
    show(standing, checks) {
      measureStanding(meters, standing);
      port?.serve({ meters, core, checks, log });
    },
  };
}

/** Long polls wait for people, so they are left out of the latencies. */
const observing =
  (meters: Meters): RequestHandler =>
  (request, response, next) => {
    const began = performance.now();
    const waits = Number(request.query['wait'] ?? 0) > 0;
    response.on('finish', () => {
      if (!waits) meters.answered(request.method, response.statusCode, (performance.now() - began) / 1000);
    });
    next();
  };
