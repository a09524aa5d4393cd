import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { readSealed } from '../canonical/index.ts';
import { CountersignError, REQUEST_LIMITS } from '../contract/index.ts';
import type { Gateway } from '../gateway/types.ts';
import { cookieCredential } from './cookie.ts';
import { jsonBody } from './body.ts';
import { knownParameters } from './known-parameters.ts';
import { openApiDocument } from './openapi.ts';
import { allowedMethods } from './methods.ts';
import { refuseOverload } from './overload.ts';
import { problemHandler, type ErrorLog } from './problem.ts';
import { nameNewestRecord } from './receipt-header.ts';
import { rateLimit } from './rate-limit.ts';
import { identifyRequest } from './request-id.ts';
import { actionListRoutes } from './routes/action-list.ts';
import { actionRoutes } from './routes/actions.ts';
import { accessRequestRoutes } from './routes/access-requests.ts';
import { authzenRoutes, echoRequestId } from './routes/authzen.ts';
import { attemptRoutes } from './routes/attempts.ts';
import { codecRoutes } from './routes/codec.ts';
import { surfaceRoutes } from './routes/surfaces.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { delegationRoutes } from './routes/delegations.ts';
import { drillRoutes } from './routes/drills.ts';
import { grantRoutes } from './routes/grants.ts';
import { reviewRoutes } from './routes/reviews.ts';
import { signingKeyRoutes } from './routes/signing-keys.ts';
import { evaluateRoutes } from './routes/evaluate.ts';
import { planRoutes } from './routes/plans.ts';
import { exportRoutes } from './routes/export.ts';
import { findingRoutes } from './routes/findings.ts';
import { freezeRoutes } from './routes/freezes.ts';
import { healthRoutes, type ReadinessCheck } from './routes/health.ts';
import { inboxRoutes } from './routes/inbox.ts';
import { logStateRoutes } from './routes/log-state.ts';
import { savedViewRoutes } from './routes/saved-views.ts';
import { logRoutes, type PublicLog } from './routes/log.ts';
import { passkeyRoutes } from './routes/passkeys.ts';
import { permitRoutes } from './routes/permits.ts';
import { policyRoutes } from './routes/policies.ts';
import { privacyRoutes } from './routes/privacy.ts';
import { rowDifferenceRoutes } from './routes/row-differences.ts';
import { readTokenRoutes } from './routes/read-tokens.ts';
import { scimTokenRoutes } from './routes/scim-tokens.ts';
import { scimRoutes } from './routes/scim.ts';
import { signalRoutes } from './routes/signals.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { recordRoutes } from './routes/records.ts';
import { startTokenRoutes } from './routes/start-tokens.ts';
import { statementRoutes } from './routes/statements.ts';
import { tenantRoutes } from './routes/tenants.ts';

export interface ApiOptions {
  gateway: Gateway;
  log: PublicLog;
  checks: ReadinessCheck[];
  errorLog: ErrorLog;
  /** Where others reach this API, and whether it takes access requests: what AuthZEN's metadata says. */
  authzen: { url: string; accessRequests: boolean };
  /** Requests a minute that one caller, or one address without a known one, may send. */
  requestsPerMinute: number;
  /** Requests that may be at work in this process at a time; more are told to come again. */
  requestsAtOnce: number;
  /** Called for each request that is turned away. */
  onShed?: () => void;
  /** Where Temporal's UI is, whose pages may read payloads here. */
  codecOrigins: readonly string[];
  /** Serves the metrics, if this port may. */
  metrics?: RequestHandler;
  /** Mounted before everything: the observers of requests. */
  observe?: (app: Express) => void;
  /** Mounted before any body parser: Slack signs the raw bytes. */
  beforeBodies?: (app: Express) => void;
  /** Mounted after the API: pages. */
  pages?: (app: Express) => void;
}

/** The HTTP door (contract section 3). Express 5: a rejected handler reaches the problem maker. */
export function createApi(options: ApiOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(identifyRequest);
  options.observe?.(app);
  options.beforeBodies?.(app);
  app.use(
    helmet({
      contentSecurityPolicy: {
        directives: {
          'default-src': ["'self'"],
          'connect-src': ["'self'"],
          'img-src': ["'self'", 'data:'],
          'upgrade-insecure-requests': null,
        },
      },
    }),
  );
  app.use('/access', echoRequestId);
  app.use(cookieCredential);
  app.use(refuseOverload({ atOnce: options.requestsAtOnce, onShed: options.onShed }));
  app.use(rateLimit(options));
  app.use(refuseNull);
  app.use(knownParameters());
  app.use(healthRoutes(options.checks));
  if (options.metrics !== undefined) app.get('/metrics', options.metrics);
  app.use(logRoutes(options.log));
  app.get('/openapi.json', (_request, response) => {
    response.json(openApiDocument());
  });
  app.use(scimRoutes(options.gateway));
  app.use(signalRoutes(options.gateway));
  app.use(policyRoutes(options.gateway));
  app.use(codecRoutes(options.gateway, options.codecOrigins));
  // Its tables are longer than any other body.
  app.use(statementRoutes(options.gateway));
  // A hundred steps are longer than one.
  app.use(planRoutes(options.gateway));
  // The redeemed request is the released one, in which policy may have computed numbers that no caller could send.
  app.use('/v1/permits/redeem', jsonBody({ limit: REQUEST_LIMITS.bodyBytes, read: readSealed }));
  app.use(jsonBody({ limit: REQUEST_LIMITS.bodyBytes }));
  app.use(requireJson);
  app.use(permitRoutes(options.gateway));
  // Before the route of an action's id, because `facets` is not an id.
  app.use(actionListRoutes(options.gateway));
  app.use(actionRoutes(options.gateway));
  app.use(inboxRoutes(options.gateway));
  app.use(logStateRoutes(options.gateway));
  app.use(savedViewRoutes(options.gateway));
  app.use(authzenRoutes(options.gateway, options.authzen));
  app.use(accessRequestRoutes(options.gateway, options.authzen));
  app.use(passkeyRoutes(options.gateway));
  app.use(recordRoutes(options.gateway, options.log));
  app.use(exportRoutes(options.gateway));
  app.use(privacyRoutes(options.gateway));
  app.use(evaluateRoutes(options.gateway));
  app.use(reviewRoutes(options.gateway));
  app.use(freezeRoutes(options.gateway));
  app.use(delegationRoutes(options.gateway));
  app.use(grantRoutes(options.gateway));
  app.use(drillRoutes(options.gateway));
  app.use(attemptRoutes(options.gateway));
  app.use(findingRoutes(options.gateway));
  app.use(surfaceRoutes(options.gateway));
  app.use(apiKeyRoutes(options.gateway));
  app.use(readTokenRoutes(options.gateway));
  app.use(scimTokenRoutes(options.gateway));
  app.use(sessionRoutes(options.gateway));
  app.use(rowDifferenceRoutes(options.gateway));
  app.use(signingKeyRoutes(options.gateway));
  app.use(tenantRoutes(options.gateway));
  app.use(startTokenRoutes(options.gateway));
  options.pages?.(app);
  app.use((request, response) => {
    const methods = allowedMethods(app, request.path);
    if (methods.length === 0) {
      throw new CountersignError('not-found', 'there is nothing at this address; /openapi.json lists what there is');
    }
    response.setHeader('Allow', methods.join(', '));
    throw new CountersignError(
      'method-not-allowed',
      `this address does not take ${request.method}; it takes ${methods.join(', ')}`,
    );
  });
  app.use(nameNewestRecord(options.gateway));
  app.use(problemHandler(options.errorLog));
  return app;
}

/** A body in another content type would otherwise be read as empty. */
const requireJson: RequestHandler = (request, _response, next) => {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (request.method === 'POST' && hasBody && request.body === undefined) {
    next(new CountersignError('invalid-request', 'the body is not JSON; send content-type application/json'));
    return;
  }
  next();
};

/** U+0000 in an address names nothing, and no store can look for it. */
const refuseNull: RequestHandler = (request, _response, next) => {
  next(
    request.url.includes('%00')
      ? new CountersignError('invalid-request', 'the address holds U+0000, which nothing is called; leave it out')
      : undefined,
  );
};
