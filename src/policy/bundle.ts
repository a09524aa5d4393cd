import { z } from 'zod';
import { canonicalize, hashOf } from '../canonical/index.ts';
import { CountersignError, type Json, type JsonObject } from '../contract/index.ts';
import { compilePolicy, type Surroundings } from './compile-policy.ts';
import type { CompiledBundle, CompiledPolicy } from './compiled.ts';
import { createConditions } from './conditions/index.ts';
import type { Engines, ExternalEngines, ExternalEvaluator, ExternalPolicy } from './engines.ts';
import { holidaysSchema, policySchema, type Policy } from './schema.ts';
import { indexSurfaces } from './surfaces.ts';
import { clockSchema } from './work-calendar.ts';

/** All policies of a tenant as one immutable value. */
export interface Bundle {
  /** `sha256:` and the hexadecimal SHA-256 of the canonical JSON (RFC 8785) of `source`. */
  hash: string;
  /** Plain JSON; the order and names of the files it came from leave no trace. */
  source: Json;
}

/** What `source` of a {@link Bundle} looks like. */
export const bundleSourceSchema = z.strictObject({
  v: z.literal(1),
  policies: z.record(z.string(), policySchema),
  holidays: holidaysSchema,
  /** People's working hours. Audits use them; conditions do not. */
  clock: clockSchema.optional(),
  /** Policies in other languages by `cedar:name` or `opa:name`: Cedar text, or base64 of WASM. */
  external: z.record(z.string().regex(/^(cedar|opa):[a-z][a-z0-9_-]*$/), z.string()),
});
export type BundleSource = z.infer<typeof bundleSourceSchema>;

/** Seals policies into a bundle. */
export function sealBundle(source: BundleSource): Bundle {
  const json = JSON.parse(canonicalize(source)) as Json;
  return { hash: hashOf(json), source: json };
}

/**
 * Makes a bundle ready to judge: checks its hash, then compiles every condition once.
 *
 * @param source the bundle's JSON, as stored
 * @param expectedHash the hash it was published under; leave it out only for a bundle just built
 * @param engines evaluators of Cedar and OPA; a bundle that holds such policies does not compile without them
 * @throws CountersignError `invalid-policy` when the bundle is altered or does not compile: it is never evaluated
 */
export function compileBundle(source: Json, expectedHash?: string, engines?: ExternalEngines): CompiledBundle {
  const hash = hashOf(source);
  if (expectedHash !== undefined && expectedHash !== hash) {
    throw new CountersignError(
      'invalid-policy',
      'the policy bundle does not have the hash it was published under; publish it again',
    );
  }
  const parsed = bundleSourceSchema.safeParse(source);
  if (!parsed.success) {
    throw new CountersignError('invalid-policy', 'the policy bundle is not in the policy language; build it again', {
      errors: parsed.error.issues.map((issue) => ({ pointer: `/${issue.path.join('/')}`, detail: issue.message })),
    });
  }
  const around = surroundings(parsed.data.holidays, externalPolicies(parsed.data));
  const policies: CompiledPolicy[] = [];
  for (const [name, policy] of Object.entries(parsed.data.policies)) {
    const { policy: compiled, faults } = compilePolicy(policy, around);
    if (compiled === null || policy.policy !== name) {
      throw new CountersignError(
        'invalid-policy',
        `policy \`${name}\` of the bundle does not compile; build it again`,
        {
          errors: faults.map((fault) => ({
            pointer: `/policies/${name}/${fault.path.join('/')}`,
            detail: fault.message,
          })),
        },
      );
    }
    policies.push(compiled);
  }
  return Object.freeze({
    hash,
    source,
    policies,
    surfaces: indexSurfaces(policies),
    conditions: around.conditions,
    engines: prepareEngines(externalPolicies(parsed.data), engines),
  });
}

/** The parts of a bundle that a policy may refer to. */
export function surroundings(holidays: BundleSource['holidays'], external: readonly ExternalPolicy[]): Surroundings {
  const named = (kind: ExternalPolicy['kind']): ReadonlySet<string> =>
    new Set(external.filter((one) => one.kind === kind).map((one) => one.name));
  return { conditions: createConditions(), holidays, cedar: named('cedar'), opa: named('opa') };
}

function externalPolicies(source: BundleSource): ExternalPolicy[] {
  return Object.entries(source.external).map(([key, content]) => {
    const [kind, name] = key.split(':');
    return { kind: kind === 'cedar' ? 'cedar' : 'opa', name: name ?? '', content };
  });
}

function prepareEngines(external: readonly ExternalPolicy[], engines: ExternalEngines | undefined): Engines {
  const ready = new Map<string, ExternalEvaluator>();
  for (const policy of external) {
    if (engines === undefined) {
      throw new CountersignError(
        'invalid-policy',
        `the bundle holds ${policy.kind} policies, and no engine for them is configured; give one or remove them`,
      );
    }
    try {
      ready.set(`${policy.kind}:${policy.name}`, engines.prepare(policy));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'it cannot be read';
      throw new CountersignError(
        'invalid-policy',
        `${policy.kind} policy \`${policy.name}\` does not compile: ${why}`,
        { cause },
      );
    }
  }
  return ready;
}

/** The policies of a bundle as its owner wrote them, defaults filled in. @throws CountersignError `invalid-policy` */
export function policiesOf(bundle: Pick<Bundle, 'source'>): Policy[] {
  const policies = ((bundle.source as JsonObject | null)?.['policies'] ?? {}) as JsonObject;
  return Object.values(policies).map((policy) => {
    const parsed = policySchema.safeParse(policy);
    if (!parsed.success)
      throw new CountersignError('invalid-policy', 'the policy bundle is not in the policy language; build it again');
    return parsed.data;
  });
}
