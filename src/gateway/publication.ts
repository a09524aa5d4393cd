/** Publishing a bundle: who may, what blocks it, and the request that brings it into force. */
import {
  CountersignError,
  type ActionRequest,
  type Actor,
  type ErrorItem,
  type JsonObject,
} from '../contract/index.ts';
import {
  caseNames,
  lint,
  lintFiles,
  runCases,
  type CompiledBundle,
  type PolicyFile,
  type SealedCase,
} from '../policy/index.ts';
import { servingEngines } from '../policy/engines/index.ts';
import type { Caller } from '../identity/index.ts';
import { POLICY_SURFACE, PUBLISH_ACTION } from '../engine/activation.ts';
import { actionIdOf } from '../engine/ids.ts';
import type { GatewayDeps } from './deps.ts';
import { evaluateRequest } from './evaluate.ts';
import { candidateOf, fileError, invalid, reaches, directoryResolver, storedBundle } from './policies.ts';
import { effectOf } from './policy-effect.ts';
import { checkIdempotencyKey } from './request.ts';
import { rehearse } from './rehearsal.ts';
import { sealedCases } from './sealed-cases.ts';
import type { CandidateInput, PolicyPublication } from './policy-types.ts';

/** How many recorded actions are judged again before a publication, newest first. */
const RECORDED_MAX = 1000;

/** Who asks, when a key does not say. */
const PUBLISHER = { id: 'service:policy-publisher', type: 'service' } as const;

/** All that blocks a publication: lint errors, failing cases, or a bundle that nobody could ever replace. */
async function objections(
  deps: GatewayDeps,
  tenant: string,
  input: CandidateInput,
  bundle: CompiledBundle,
): Promise<ErrorItem[]> {
  const resolve = directoryResolver(deps, tenant);
  const errors: ErrorItem[] = [];
  if (input.files === undefined) {
    for (const { severity, policy, place, message } of lint(bundle, [], resolve)) {
      if (severity === 'error') errors.push({ pointer: '/bundle', detail: `${policy}/${place.join('/')}: ${message}` });
    }
  } else {
    const { files } = input;
    const problems = lintFiles(files, { resolve, engines: servingEngines });
    errors.push(...problems.filter(({ severity }) => severity === 'error').map((problem) => fileError(files, problem)));
    const { value: cases } = await deps.bundles.asking(bundle).judged((by) => runCases(by, files, resolve));
    for (const { file, line, name, differences } of cases.results.filter((it) => !it.pass)) {
      const index = files.findIndex(({ path }) => path === file);
      errors.push({
        pointer: `/files/${index}/text`,
        detail: `${file}:${line}: case \`${name}\`: ${differences.join('; ')}`,
      });
    }
  }
  if (bundle.surfaces.covering(POLICY_SURFACE).length === 0) {
    errors.push({
      pointer: input.files === undefined ? '/bundle' : '/files',
      detail: `no policy covers \`${POLICY_SURFACE}\`, so that nobody could ever publish another bundle; add one that says who may`,
    });
  }
  return errors;
}

/**
 * Checks and stores a bundle, and builds the request to activate it. Storing a bundle activates nothing.
 *
 * @throws CountersignError `invalid-policy` with every error of lint and every failing case, each with its file and line.
 */
export async function preparePublication(
  deps: GatewayDeps,
  caller: Caller,
  input: PolicyPublication,
  idempotencyKey: string | undefined,
): Promise<ActionRequest> {
  const { tenant } = caller;
  if (!reaches(caller)) {
    throw new CountersignError('forbidden', `this credential does not reach the surface \`${POLICY_SURFACE}\``);
  }
  // Check the role before reading anything that a stranger sent.
  if (caller.kind === 'person' && caller.roles.length === 0) {
    throw new CountersignError('forbidden', 'only people with a role in the directory propose policy; ask one of them');
  }
  const id = actionIdOf(checkIdempotencyKey(idempotencyKey));
  const actor = input.actor ?? (caller.kind === 'person' ? { id: caller.id, type: 'user' as const } : PUBLISHER);
  await mayPublish(deps, caller, actor);
  const { cases: sealed } = await sealedCases(deps, tenant, {}, RECORDED_MAX);
  if (input.files !== undefined) await rehearse(deps.directory.current(tenant), input.files, sealed);
  const bundle = await candidateOf(deps, tenant, input);
  const params = { bundle: bundle.hash, reason: input.reason };
  const request = (more: JsonObject): ActionRequest => ({
    surface: POLICY_SURFACE,
    action: PUBLISH_ACTION,
    actor,
    resource: { type: 'policy-bundle', id: bundle.hash },
    params: { ...params, ...more },
  });
  // The same key repeats the same request, whatever bundle is current.
  const before = await deps.store.payloads.read(tenant, id);
  if (before !== null) {
    const asked = before.payload.request.params ?? {};
    const { bundle: _bundle, reason: _reason, ...more } = asked;
    return request(more);
  }
  const errors = await objections(deps, caller.tenant, input, bundle);
  if (errors.length > 0) throw invalid(errors);
  await deps.store.bundles.put(tenant, bundle.hash, bundle.source, input.files && caseNames(input.files));
  const previous = await deps.bundles.inForce(tenant);
  return request({ previous, ...(await effect(deps, caller, previous, bundle, input.files ?? [], sealed)) });
}

/** Matches conditions that need the files of a publication. */
const READS_FILES = /\b(resource|content)\b|\bparams\b(?!\.(reason|previous)\b)/;

/**
 * Asks the current policy before anything is read that a stranger sent. Where the policy needs the files, the publication itself, which is
 * an action, asks again.
 */
async function mayPublish(deps: GatewayDeps, caller: Caller, actor: Actor): Promise<void> {
  const hash = await deps.bundles.inForce(caller.tenant);
  if (hash === null) return;
  const policies = (await storedBundle(deps, caller.tenant, hash)).surfaces.covering(POLICY_SURFACE);
  const request = { surface: POLICY_SURFACE, action: PUBLISH_ACTION, actor, params: { reason: '', previous: hash } };
  const { verdict } = await evaluateRequest(deps, caller, request);
  const final =
    verdict.basis === 'unclear'
      ? verdict.policy === null
      : ['rule', 'silence'].includes(verdict.basis) &&
        !policies.some(({ source }) => READS_FILES.test(JSON.stringify(source.rules)));
  if (verdict.decision === 'refuse' && final) {
    throw new CountersignError('forbidden', `policy lets nobody like this publish: ${verdict.reasons.join('; ')}`);
  }
}

/** What approvers have to know. A tenant's first bundle has nothing to compare with. */
async function effect(
  deps: GatewayDeps,
  caller: Caller,
  previous: string | null,
  after: CompiledBundle,
  files: readonly PolicyFile[],
  sealed: readonly SealedCase[],
): Promise<JsonObject> {
  if (previous === null) return {};
  const before = await storedBundle(deps, caller.tenant, previous);
  return effectOf(deps, caller, { before, after, previous, files, sealed }, directoryResolver(deps, caller.tenant));
}
