/** A separate port for `/metrics`, `/healthz` and `/readyz`. It takes no credential, so only the operators' network should reach it. */
import { createServer, type RequestListener } from 'node:http';
import express, { type RequestHandler } from 'express';
import { CountersignError } from '../../contract/index.ts';
import { answerStarting } from '../../api/starting.ts';
import { problemHandler, type ErrorLog } from '../../api/problem.ts';
import { healthRoutes, type ReadinessCheck } from '../../api/routes/health.ts';
import type { Config } from '../config.ts';
import { listen, type Closers } from '../listen.ts';
import type { Meters } from './meters.ts';

/** Answers all metrics in the text format of Prometheus. */
export function metricsHandler({ registry }: Pick<Meters, 'registry'>, core: () => Promise<string>): RequestHandler {
  return async (_request, response) => {
    const [ours, cores] = await Promise.all([registry.metrics(), core()]);
    response.type(registry.contentType).send(cores === '' ? ours : `${ours}\n${cores}`);
  };
}

/** Guards the API's port on a loopback address: requests that a proxy forwards from elsewhere get no metrics. */
export const unlessForwarded =
  (handler: RequestHandler): RequestHandler =>
  (request, response, next) => {
    if (request.get('forwarded') === undefined && request.get('x-forwarded-for') === undefined) {
      void handler(request, response, next);
      return;
    }
    next(
      new CountersignError(
        'not-found',
        'there is nothing at this address for whoever asks through a proxy; set COUNTERSIGN_METRICS_PORT for a port of its own',
      ),
    );
  };

export interface MetricsPort {
  url: string;
  /** From now on it is ready when all of these are. */
  serve(options: {
    meters: Pick<Meters, 'registry'>;
    core(): Promise<string>;
    checks: ReadinessCheck[];
    log: ErrorLog;
  }): void;
}

/** Listens, if a port is configured; until `serve` it says that the process is starting. */
export async function openMetricsPort(
  { metrics }: Pick<Config, 'metrics'>,
  closers: Closers,
): Promise<MetricsPort | null> {
  if (metrics.port === undefined) return null;
  let answer: RequestListener = answerStarting;
  const server = createServer((request, response) => answer(request, response));
  const port = await listen(server, metrics.port, metrics.host, 'COUNTERSIGN_METRICS');
  closers.add(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  const host = metrics.host.includes(':') ? `[${metrics.host}]` : metrics.host;
  return {
    url: `http://${host}:${port}`,
    serve({ meters, core, checks, log }) {
      const app = express().disable('x-powered-by');
      app.use(healthRoutes(checks));
      app.get('/metrics', metricsHandler(meters, core));
      app.use((_request, _response, next) =>
        next(new CountersignError('not-found', 'here are /metrics, /healthz and /readyz, and nothing else')),
      );
      app.use(problemHandler(log));
      answer = app;
    },
  };
}
