/** Puts the gateway together from its parts: one file for each thing it does. */
import { DEFAULT_TENANT } from '../contract/index.ts';
import { readsSome, withoutPurpose } from './access.ts';
import { createArrival } from './arrive.ts';
import { exportActions } from './action-export.ts';
import { actionFacets, checkProjection, compareRows, listActions, rebuildProjection } from './action-list.ts';
import { accessRequests } from './access-requests.ts';
import { actions } from './actions.ts';
import { authzen } from './authzen.ts';
import { listRowDifferences } from './row-differences.ts';
import { listBoundTokens, makeBoundToken } from './read-tokens.ts';
import { listApiKeys, makeApiKey, revokeApiKey } from './api-keys.ts';
import { createAsleep } from './asleep.ts';
import { attempts, recordRefusal } from './attempts.ts';
import { backtestPolicies } from './backtest.ts';
import { suggestPolicies } from './suggest.ts';
import { payloadReading } from './codec.ts';
import { approvals } from './decide.ts';
import { delegate, listDelegations, revokeDelegation } from './delegations.ts';
import type { GatewayDeps } from './deps.ts';
import { erase } from './erasure.ts';
import { evaluateRequest } from './evaluate.ts';
import { exportRecords } from './export.ts';
import { answerFinding, finding, findings } from './findings.ts';
import { drawSample } from './samples.ts';
import { listStatements, reconcileStatement } from './statements.ts';
import { freeze, listFreezes, thaw } from './freezes.ts';
import { drillReport, plantDrill, type Ask } from './drills.ts';
import { inbox } from './inbox.ts';
import { logState } from './log-state.ts';
import { savedViews } from './saved-views.ts';
import { listGrants, revokeGrant } from './grants.ts';
import { checkStackKey, introduceAttestation, revokeKey, rotateKey, signingKeys } from './keys.ts';
import { openSealedValue } from './openings.ts';
import { outcomes } from './outcome.ts';
import { enrolPasskey, listPasskeys, passkeyOptions, revokePasskey } from './passkeys.ts';
import { overridesReport } from './overrides.ts';
import { overview } from './overview.ts';
import { permits } from './permits.ts';
import { plans } from './plans/index.ts';
import { provisioning } from './provisioning.ts';
import { sessions } from './sessions.ts';
import { securityEvents } from './signals.ts';
import { listPolicies, readPolicy } from './policies.ts';
import { listRecords, readReceipt, readRecord, readShown, readStatement } from './records.ts';
import { replay } from './replay.ts';
import { reviewAction } from './review.ts';
import { breakGlassReport, listReviews } from './reviews.ts';
import { listLimits } from './limits.ts';
import { listSurfaces } from './surfaces.ts';
import { listTenants, makeTenant } from './tenants.ts';
import { readAction } from './stored-action.ts';
import type {
  ActionLists,
  ApiKeys,
  ReadTokens,
  Delegations,
  Freezes,
  Gateway,
  Passkeys,
  Policies,
  Privacy,
  Records,
  Reviews,
  SigningKeys,
  TenantAdministration,
} from './types.ts';

export type { Gateway } from './types.ts';

export function createGateway(deps: GatewayDeps): Gateway {
  const arrive = createArrival(deps);
  const asleep = createAsleep(deps.now);
  const asking = actions(deps, arrive, asleep);
  const ask: Ask = async (caller, body, key) => (await asking.request(caller, body, key, 0)).action;
  const deciding = approvals(deps);
  return {
    async authenticate(authorization) {
      return withoutPurpose(await deps.authenticate(authorization));
    },
    authenticateReader: deps.authenticate,
    async authenticateRecordReader(authorization) {
      const caller = await deps.authenticate(authorization);
      return readsSome(caller) ? caller : withoutPurpose(caller);
    },
    ...attempts(deps),
    ...asking,
    ...authzen(deps, asking),
    ...accessRequests(deps, asking),
    ...deciding,
    ...plans(deps, deciding),
    ...outcomes(deps, arrive, asleep),
    ...reviews(deps),
    ...passkeys(deps),
    ...apiKeys(deps),
    ...readTokens(deps),
    ...provisioning(deps),
    ...sessions(deps),
    ...securityEvents(deps),
    ...keys(deps),
    ...tenants(deps),
    ...freezes(deps),
    ...delegations(deps),
    grants: (caller) => listGrants(deps, caller),
    revokeGrant: (caller, id, reason) => revokeGrant(deps, caller, id, reason),
    plantDrill: (caller, input) => plantDrill(deps, ask, caller, input),
    drillReport: (caller) => drillReport(deps, caller),
    ...records(deps),
    ...privacy(deps),
    ...policies(deps),
    ...payloadReading(deps),
    ...actionLists(deps),
    inbox: (caller, cursor, limit) => inbox(deps, caller, cursor, limit),
    logState: (caller) => logState(deps, caller),
    ...savedViews(deps),
    findings: (caller, query) => findings(deps, caller, query),
    statements: (caller) => listStatements(deps, caller),
    reconcileStatement: (caller, input, pieces) => reconcileStatement(deps, caller, input, pieces),
    overview: (caller, query) => overview(deps, caller, query),
    finding: (caller, id) => finding(deps, caller, id),
    answerFinding: (caller, id, input) => answerFinding(deps, caller, id, input),
    drawSample: (caller, input) => drawSample(deps, caller, input),
    surfaces: (caller) => listSurfaces(deps, caller),
    limits: (caller) => listLimits(deps, caller),
    rowDifferences: (caller, cursor) => listRowDifferences(deps, caller, cursor),
    ...permits(deps, arrive),
    export: (caller, format, filter) => exportRecords(deps, caller, format, filter),
  };
}

const actionLists = (deps: GatewayDeps): ActionLists => ({
  actions: (caller, query, cursor, limit) => listActions(deps, caller, query, cursor, limit),
  actionFacets: (caller, filter) => actionFacets(deps, caller, filter),
  exportActions: (caller, query) => exportActions(deps, caller, query),
  checkProjection: (caller, from) => checkProjection(deps, caller, from),
  compareRows: (caller, actions) => compareRows(deps, caller, actions),
  rebuildProjection: (caller) => rebuildProjection(deps, caller),
});

const reviews = (deps: GatewayDeps): Reviews => ({
  review: (caller, id, input, door, evidence) =>
    recordRefusal(deps, caller, id, door, async () => {
      const { state } = await readAction(deps, caller.tenant, id);
      return reviewAction(deps, caller, state, input, door, evidence);
    }),
  reviews: (caller, status) => listReviews(deps, caller, status),
  breakGlassReport: (caller, from, to) => breakGlassReport(deps, caller, from, to),
  overridesReport: (caller, from, to) => overridesReport(deps, caller, from, to),
});

const passkeys = (deps: GatewayDeps): Passkeys => ({
  passkeyOptions: (caller) => passkeyOptions(deps, caller),
  enrolPasskey: (caller, input) => enrolPasskey(deps, caller, input),
  passkeys: (caller) => listPasskeys(deps, caller),
  revokePasskey: (caller, id, reason) => revokePasskey(deps, caller, id, reason),
});

const apiKeys = (deps: GatewayDeps): ApiKeys => ({
  makeApiKey: (caller, input) => makeApiKey(deps, caller, input),
  apiKeys: (caller) => listApiKeys(deps, caller),
  revokeApiKey: (caller, id) => revokeApiKey(deps, caller, id),
});

const readTokens = (deps: GatewayDeps): ReadTokens => ({
  makeReadToken: (caller, input) => makeBoundToken(deps, caller, 'reader', input),
  readTokens: (caller) => listBoundTokens(deps, caller, 'reader'),
  revokeReadToken: (caller, id) => revokeApiKey(deps, caller, id),
});

const keys = (deps: GatewayDeps): SigningKeys => ({
  async rotateKey(caller, input) {
    checkStackKey(caller, input.use);
    const rotated = await rotateKey(deps, caller, input);
    // One key attests for every tenant, and each tenant's log names it.
    const { tenants } = await deps.register.current(DEFAULT_TENANT);
    if (input.use === 'attestation')
      for (const tenant of tenants.keys()) await introduceAttestation(deps, tenant, caller.id);
    return rotated;
  },
  async revokeKey(caller, input) {
    const known = deps.keys.periods(caller.tenant, 'attestation').some(({ kid }) => kid === input.kid);
    checkStackKey(caller, known ? 'attestation' : undefined);
    return revokeKey(deps, caller, input);
  },
  signingKeys: (caller) => signingKeys(deps, caller),
});

const tenants = (deps: GatewayDeps): TenantAdministration => ({
  makeTenant: (caller, input) => makeTenant(deps, caller, input),
  tenants: (caller) => listTenants(deps, caller),
});

const freezes = (deps: GatewayDeps): Freezes => ({
  freeze: (caller, input, door, slack) => freeze(deps, caller, input, { door, slack: slack ?? null }),
  thaw: (caller, id, reason, door, slack) => thaw(deps, caller, id, reason, { door, slack: slack ?? null }),
  freezes: (caller) => listFreezes(deps, caller),
});

const delegations = (deps: GatewayDeps): Delegations => ({
  delegate: (caller, input) => delegate(deps, caller, input),
  delegations: (caller) => listDelegations(deps, caller),
  revokeDelegation: (caller, id) => revokeDelegation(deps, caller, id),
});

const records = (deps: GatewayDeps): Records => ({
  records: (caller, filter, cursor, limit) => listRecords(deps, caller, filter, cursor, limit),
  record: (caller, hash) => readRecord(deps, caller, hash),
  receipt: (caller, hash) => readReceipt(deps, caller, hash),
  statement: (caller, hash) => readStatement(deps, caller, hash),
  renderingOf: (caller, hash) => readShown(deps, caller, hash),
  replay: (caller, hash) => replay(deps, caller, hash),
});

const privacy = (deps: GatewayDeps): Privacy => ({
  erase: (caller, id, reason) => erase(deps, caller, id, reason),
  open: (caller, hash, input) => openSealedValue(deps, caller, hash, input),
});

const policies = (deps: GatewayDeps): Omit<Policies, 'publishPolicy'> => ({
  evaluate: (caller, body) => evaluateRequest(deps, caller, body),
  policies: (caller, cursor, limit) => listPolicies(deps, caller, cursor, limit),
  policy: (caller, hash) => readPolicy(deps, caller, hash),
  backtest: (caller, input) => backtestPolicies(deps, caller, input),
  suggestPolicies: (caller, input) => suggestPolicies(deps, caller, input),
});
