import {
  CountersignError,
  isCountersignError,
  type ActionRequest,
  type ErrorItem,
  type JsonObject,
} from '../contract/index.ts';
import {
  buildBundle,
  caseNames,
  compileBundle,
  formatProblem,
  lint,
  lintFiles,
  runCases,
  type CompiledBundle,
  type PolicyFile,
  type Resolve,
} from '../policy/index.ts';
import { externalEngines } from '../policy/engines/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { Caller } from '../identity/index.ts';
import { POLICY_SURFACE, PUBLISH_ACTION } from '../engine/activation.ts';
import { actionIdOf } from '../engine/ids.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { effectOf } from './policy-effect.ts';
import { checkIdempotencyKey } from './request.ts';
import { rehearse } from './rehearsal.ts';
import type { CandidateInput, PolicyPage, PolicyPublication, PolicyView } from './policy-types.ts';

/** Who asks, when a key does not say. */
const PUBLISHER = { id: 'service:policy-publisher', type: 'service' } as const;

/** How many errors of a candidate are listed. */
const LISTED_ERRORS = 100;

const resolverOf =
  (deps: Pick<GatewayDeps, 'directory'>, tenant: string): Resolve =>
  (ref, actor) =>
    deps.directory.current(tenant).resolve(ref, actor);

const reaches = (caller: Caller): boolean => caller.surfaces.some((glob) => matchesSurface(glob, POLICY_SURFACE));

/** A stored bundle. @throws CountersignError `not-found`; `unavailable` when it was altered: it is never evaluated */
export async function storedBundle(deps: GatewayDeps, tenant: string, hash: string): Promise<CompiledBundle> {
  let bundle: CompiledBundle | null;
  try {
    bundle = await deps.bundles.compiled(tenant, hash);
  } catch (cause) {
    if (!isCountersignError(cause) || cause.code !== 'invalid-policy') throw cause;
    throw new CountersignError(
      'unavailable',
      'the stored bundle was altered and is never evaluated; restore it from a backup, and find out who changed it',
      { cause },
    );
  }
  if (bundle === null) throw new CountersignError('not-found', 'there is no such bundle; GET /v1/policies lists them');
  return bundle;
}

/** A bundle to try or to publish, from files or from the store. Nothing is stored. @throws CountersignError `invalid-policy` */
export async function candidateOf(deps: GatewayDeps, tenant: string, input: CandidateInput): Promise<CompiledBundle> {
  if (input.bundle !== undefined) return storedBundle(deps, tenant, input.bundle);
  const { bundle, problems } = buildBundle(input.files ?? []);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (bundle === null || errors.length > 0)
    throw invalid(errors.map((problem) => fileError(input.files ?? [], problem)));
  return compileBundle(bundle.source, bundle.hash, externalEngines);
}

const invalid = (errors: ErrorItem[]): CountersignError =>
  new CountersignError(
    'invalid-policy',
    `the policies cannot be published: ${errors[0]?.detail.split('\n')[0] ?? 'there are none'}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`,
    { errors: errors.slice(0, LISTED_ERRORS) },
  );

/** An error in the words of an editor (`file:line:column: …`), at its place in the body. */
function fileError(files: readonly PolicyFile[], problem: Parameters<typeof formatProblem>[0]): ErrorItem {
  const index = files.findIndex(({ path }) => path === problem.file);
  return { pointer: index < 0 ? '/files' : `/files/${index}/text`, detail: formatProblem(problem) };
}

/** All that blocks a publication: lint errors, failing cases, or a bundle that nobody could ever replace. */
function objections(deps: GatewayDeps, tenant: string, input: CandidateInput, bundle: CompiledBundle): ErrorItem[] {
  const resolve = resolverOf(deps, tenant);
  const errors: ErrorItem[] = [];
  if (input.files === undefined) {
    for (const { severity, policy, place, message } of lint(bundle, [], resolve)) {
      if (severity === 'error') errors.push({ pointer: '/bundle', detail: `${policy}/${place.join('/')}: ${message}` });
    }
  } else {
    const { files } = input;
    const problems = lintFiles(files, { resolve, engines: externalEngines });
    errors.push(...problems.filter(({ severity }) => severity === 'error').map((problem) => fileError(files, problem)));
    for (const { file, line, name, differences } of runCases(bundle, files, resolve).results.filter((it) => !it.pass)) {
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
  if (input.files !== undefined) await rehearse(deps, tenant, input.files);
  const bundle = await candidateOf(deps, tenant, input);
  const params = { bundle: bundle.hash, reason: input.reason };
  const actor = input.actor ?? (caller.kind === 'person' ? { id: caller.id, type: 'user' as const } : PUBLISHER);
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
  const errors = objections(deps, caller.tenant, input, bundle);
  if (errors.length > 0) throw invalid(errors);
  await deps.store.bundles.put(tenant, bundle.hash, bundle.source, input.files && caseNames(input.files));
  const previous = await deps.bundles.inForce(tenant);
  return request({ previous, ...(await effect(deps, caller, previous, bundle, input.files ?? [])) });
}

/** What approvers have to know. The first bundle of a tenant changes nothing. */
async function effect(
  deps: GatewayDeps,
  caller: Caller,
  previous: string | null,
  after: CompiledBundle,
  files: readonly PolicyFile[],
): Promise<JsonObject> {
  if (previous === null) return {};
  const before = await storedBundle(deps, caller.tenant, previous);
  return effectOf(deps, caller, { before, after, previous, files }, resolverOf(deps, caller.tenant));
}

const mayRead = (caller: Caller): boolean => mayAudit(caller) || caller.kind === 'person' || reaches(caller);

function checkReader(caller: Caller): void {
  if (!mayRead(caller)) {
    throw new CountersignError(
      'forbidden',
      `policies are read by people, and by keys that reach \`${POLICY_SURFACE}\``,
    );
  }
}

/** The current bundle and all earlier ones, newest first. */
export async function listPolicies(
  deps: GatewayDeps,
  caller: Caller,
  cursor: string | undefined,
  limit: number,
): Promise<PolicyPage> {
  checkReader(caller);
  const filter = { type: 'policy', action: 'policy' };
  const { records, nextCursor } = await deps.store.records.list(caller.tenant, filter, cursor, limit);
  return {
    inForce: await deps.bundles.inForce(caller.tenant),
    activations: records.flatMap(({ hash, record }) =>
      record.type !== 'policy'
        ? []
        : [
            {
              bundle: String(record.body['bundle']),
              previous: (record.body['previous'] ?? null) as string | null,
              action: (record.body['action'] ?? null) as string | null,
              by: record.by,
              reason: record.reason,
              at: record.at,
              record: hash,
            },
          ],
    ),
    next_cursor: nextCursor,
  };
}

/** A bundle as it is judged by. @throws CountersignError `not-found`, `unavailable` */
export async function readPolicy(deps: GatewayDeps, caller: Caller, hash: string): Promise<PolicyView> {
  checkReader(caller);
  const { source, policies } = await storedBundle(deps, caller.tenant, hash);
  return { bundle: hash, policies: policies.map(({ name }) => name).sort(), source };
}
