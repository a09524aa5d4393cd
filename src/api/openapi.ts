/** The OpenAPI 3.1 document: each route file describes its own paths, with the schemas it parses and answers with. */
import { createDocument, type oas31 } from 'zod-openapi';
import { complete } from './openapi-complete.ts';
import { webhooks } from './openapi-webhooks.ts';
import { actionListPaths } from './routes/action-list.ts';
import { actionPaths } from './routes/actions.ts';
import { accessRequestPaths } from './routes/access-requests.ts';
import { authzenPaths } from './routes/authzen.ts';
import { attemptPaths } from './routes/attempts.ts';
import { codecPaths } from './routes/codec.ts';
import { surfacePaths } from './routes/surfaces.ts';
import { rowDifferencePaths } from './routes/row-differences.ts';
import { readTokenPaths } from './routes/read-tokens.ts';
import { scimTokenPaths } from './routes/scim-tokens.ts';
import { scimPaths } from './routes/scim.ts';
import { signalPaths } from './routes/signals.ts';
import { sessionPaths } from './routes/sessions.ts';
import { apiKeyPaths } from './routes/api-keys.ts';
import { delegationPaths } from './routes/delegations.ts';
import { drillPaths } from './routes/drills.ts';
import { grantPaths } from './routes/grants.ts';
import { evaluatePaths } from './routes/evaluate.ts';
import { exportPaths } from './routes/export.ts';
import { findingPaths } from './routes/findings.ts';
import { freezePaths } from './routes/freezes.ts';
import { healthPaths } from './routes/health.ts';
import { inboxPaths } from './routes/inbox.ts';
import { logStatePaths } from './routes/log-state.ts';
import { savedViewPaths } from './routes/saved-views.ts';
import { logPaths } from './routes/log.ts';
import { passkeyPaths } from './routes/passkeys.ts';
import { permitPaths } from './routes/permits.ts';
import { planPaths } from './routes/plans.ts';
import { policyPaths } from './routes/policies.ts';
import { privacyPaths } from './routes/privacy.ts';
import { recordPaths } from './routes/records.ts';
import { reviewPaths } from './routes/reviews.ts';
import { signingKeyPaths } from './routes/signing-keys.ts';
import { startTokenPaths } from './routes/start-tokens.ts';
import { statementPaths } from './routes/statements.ts';
import { tenantPaths } from './routes/tenants.ts';

const build = (): oas31.OpenAPIObject =>
  createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Countersign',
      version: '1',
      description:
        'Ask before an irreversible action; get a single-use permit, a refusal with proof, or a named human’s decision.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    webhooks,
    paths: {
      // Before the route of an action's id, because the first matching address counts.
      ...actionListPaths,
      ...actionPaths,
      ...planPaths,
      ...inboxPaths,
      ...logStatePaths,
      ...savedViewPaths,
      ...permitPaths,
      ...authzenPaths,
      ...accessRequestPaths,
      ...reviewPaths,
      ...freezePaths,
      ...delegationPaths,
      ...grantPaths,
      ...drillPaths,
      ...passkeyPaths,
      ...apiKeyPaths,
      ...readTokenPaths,
      ...scimTokenPaths,
      ...scimPaths,
      ...sessionPaths,
      ...signalPaths,
      ...rowDifferencePaths,
      ...signingKeyPaths,
      ...tenantPaths,
      ...startTokenPaths,
      ...codecPaths,
      ...policyPaths,
      ...evaluatePaths,
      ...recordPaths,
      ...attemptPaths,
      ...findingPaths,
      ...statementPaths,
      ...surfacePaths,
      ...exportPaths,
      ...privacyPaths,
      ...logPaths,
      ...healthPaths,
    },
  });

let document: ReturnType<typeof build> | null = null;

/** Built once: the schemas do not change while the process lives. */
export function openApiDocument(): ReturnType<typeof build> {
  document ??= complete(build());
  return document;
}
