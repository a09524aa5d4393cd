import { CountersignError, isCountersignError, type ErrorItem } from '../contract/index.ts';
import {
  buildBundle,
  compileBundle,
  formatProblem,
  type CompiledBundle,
  type PolicyFile,
  type Resolve,
} from '../policy/index.ts';
import { servingEngines } from '../policy/engines/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { Caller } from '../identity/index.ts';
import { POLICY_SURFACE } from '../engine/activation.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { CandidateInput, PolicyPage, PolicyView } from './policy-types.ts';

/** How many errors of a candidate are listed. */
const LISTED_ERRORS = 100;

export const directoryResolver =
  (deps: Pick<GatewayDeps, 'directory'>, tenant: string): Resolve =>
  (ref, actor) =>
    deps.directory.current(tenant).resolve(ref, actor);

export const reaches = (caller: Caller): boolean =>
  caller.surfaces.some((glob) => matchesSurface(glob, POLICY_SURFACE));

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
  return compileBundle(bundle.source, bundle.hash, servingEngines);
}

export const invalid = (errors: ErrorItem[]): CountersignError =>
  new CountersignError(
    'invalid-policy',
    `the policies cannot be published: ${errors[0]?.detail.split('\n')[0] ?? 'there are none'}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`,
    { errors: errors.slice(0, LISTED_ERRORS) },
  );

/** An error in the words of an editor (`file:line:column: …`), at its place in the body. */
export function fileError(files: readonly PolicyFile[], problem: Parameters<typeof formatProblem>[0]): ErrorItem {
  const index = files.findIndex(({ path }) => path === problem.file);
  return { pointer: index < 0 ? '/files' : `/files/${index}/text`, detail: formatProblem(problem) };
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

/** A bundle, compiled for judging. @throws CountersignError `not-found`, `unavailable` */
export async function readPolicy(deps: GatewayDeps, caller: Caller, hash: string): Promise<PolicyView> {
  checkReader(caller);
  const { source, policies } = await storedBundle(deps, caller.tenant, hash);
  return { bundle: hash, policies: policies.map(({ name }) => name).sort(), source };
}
