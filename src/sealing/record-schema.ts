/** The form of each type of record (contract section 6). Members that a later version adds are accepted, because they are signed too. */
import { ENGINE_VIA } from '../contract/engine-names.ts';
import { z } from 'zod';
import { HASH_PATTERN } from '../canonical/index.ts';
import {
  ADVICE,
  BASES,
  DOORS,
  EFFECT_KINDS,
  jsonObject,
  MODES,
  PRESENCES,
  ONCALL_SOURCES,
  planStepSchema,
  RELEASE_BASES,
  VERDICT_DECISIONS,
  type DecisionRecord,
  type OtherRecord,
  type OutcomeRecord,
  type RecordActor,
  type RecordPayload,
} from '../contract/index.ts';

const text = z.string().nullable();
const hash = z.string().regex(HASH_PATTERN, 'is not `sha256:` and 64 hexadecimal digits');
const instant = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();
const people = z.array(z.string());

/** An enum over all members of a union: it does not compile if one is missing here or in the contract. */
function oneOf<T extends string>(members: Record<T, true>): z.ZodEnum<{ [K in T]: K }> {
  return z.enum(Object.keys(members) as T[]);
}

const head = {
  v: z.union([z.literal(1), z.literal(2)]),
  tenant: z.string().min(1),
  action: z.string().min(1),
  seq: count,
  prev: hash.nullable(),
  at: instant,
  requestHash: hash.nullable(),
};

const actor: z.ZodType<RecordActor> = z.looseObject({
  id: z.string(),
  type: z.string(),
  get onBehalfOf() {
    return actor.optional();
  },
}) as z.ZodType<RecordActor>;

const verdict = z.looseObject({
  decision: z.enum(VERDICT_DECISIONS),
  basis: z.enum(BASES),
  bundle: text,
  policy: text,
  rule: text,
  reasons: people,
  mode: z.enum(MODES),
  changes: jsonObject.nullable(),
});

const facts = z.looseObject({
  now: instant,
  limits: z.array(z.looseObject({ limit: z.string(), key: z.array(z.string()), used: z.string() })),
  people: z.record(z.string(), people),
  conflict: text,
  advice: z
    .array(
      z.looseObject({
        policy: z.string(),
        ask: z.string(),
        answer: z.enum(ADVICE).nullable(),
        reason: text,
        why: text,
      }),
    )
    .exactOptional(),
  oncall: z
    .array(
      z.looseObject({
        ref: z.string(),
        source: z.enum(ONCALL_SOURCES),
        people,
        fallback: z.looseObject({ refs: people, why: z.string() }).nullable(),
      }),
    )
    .exactOptional(),
  provenance: z.looseObject({ believed: z.boolean(), fields: z.record(z.string(), z.string()) }).exactOptional(),
  execution: z.looseObject({ connector: z.string(), settings: hash }).exactOptional(),
  refusals: z
    .array(
      z.looseObject({
        policy: z.string(),
        action: z.string(),
        record: hash,
        by: z.string(),
        at: instant,
        reason: text,
        until: instant,
        ask: people.exactOptional(),
        differs: z.array(z.looseObject({ label: z.string(), was: z.string(), now: z.string() })).exactOptional(),
      }),
    )
    .exactOptional(),
  fault: z.string().exactOptional(),
});

const escalation = z.looseObject({ afterMs: z.number(), refs: people, approvers: people });
const stage = z.looseObject({
  name: z.string(),
  quorum: z.int().positive(),
  refusals: z.int().positive(),
  refs: people,
  approvers: people,
  remindMs: z.number().nullable(),
  escalate: escalation.nullable(),
  assurance: z.literal('passkey').nullable(),
});
const plan = z.looseObject({
  stages: z.array(stage),
  expiresMs: z.number(),
  extendUpToMs: z.number().nullable(),
  reason: z.enum(['required', 'optional']),
  fourEyes: z.boolean(),
  excluded: people,
  mayChange: z.array(z.string()),
  via: z.array(z.enum(DOORS)),
  blind: z.literal(true).exactOptional(),
});

const sameness = { policy: z.string(), key: z.string(), who: people.nullable() };
const effect = z.looseObject({
  kind: z.enum(EFFECT_KINDS).nullable(),
  same: z.array(z.looseObject({ ...sameness, standsMs: z.number(), ask: z.boolean() })),
});

const verdictRecord = z.looseObject({
  ...head,
  type: z.literal('verdict'),
  surface: z.string(),
  verb: z.string(),
  actor,
  verdict,
  observed: verdict.nullable(),
  facts,
  plan: plan.nullable(),
  disclosed: jsonObject,
  commitments: z.record(z.string(), hash),
  reverses: z.string().exactOptional(),
  step: planStepSchema.loose().exactOptional(),
  effect: effect.exactOptional(),
  unseen: people.exactOptional(),
  shares: z.string().exactOptional(),
  returns: z.string().exactOptional(),
});

const decisionRecord = z.looseObject({
  ...head,
  type: z.literal('decision'),
  surface: z.string(),
  stage: count,
  decision: oneOf<DecisionRecord['decision']>({
    approve: true,
    refuse: true,
    return: true,
    extend: true,
    expired: true,
    cancelled: true,
    answered: true,
    escalated: true,
  }),
  added: people.nullable(),
  unreachable: people.exactOptional(),
  by: z.string(),
  delegation: z.looseObject({ id: z.string(), from: z.string() }).nullable(),
  membership: z.looseObject({ index: count, path: z.array(z.string()) }).exactOptional(),
  reason: text,
  via: z.enum([...DOORS, ENGINE_VIA]),
  slack: z
    .looseObject({ workspace: z.string(), user: z.string(), channel: z.string(), message: z.string() })
    .nullable(),
  shown: z.looseObject({ hash: z.string(), renderer: z.string(), opening: hash.exactOptional() }).nullable(),
  responsibility: text,
  changes: z.record(z.string(), z.looseObject({ from: z.json(), to: z.json() })).nullable(),
  until: text,
  assurance: jsonObject.nullable(),
  presence: z.enum(PRESENCES).exactOptional(),
  attestation: hash.nullable(),
  stands: z.array(z.looseObject({ ...sameness, until: instant, ask: people.nullable() })).exactOptional(),
  returns: z.string().exactOptional(),
  attested: z.looseObject({ kid: z.string(), sig: z.string() }).exactOptional(),
});

const releaseRecord = z.looseObject({
  ...head,
  type: z.literal('release'),
  surface: z.string(),
  basis: z.enum(RELEASE_BASES),
  permit: z.looseObject({
    jti: z.string(),
    kid: z.string(),
    expiresAt: z.string(),
    audience: z.string(),
    requestHash: hash,
  }),
  rejudged: z.looseObject({ verdict, facts }).nullable(),
  notBefore: instant.exactOptional(),
  collectUntil: instant.exactOptional(),
  replaces: text.exactOptional(),
  review: z.looseObject({ reviewers: people, dueAt: instant }).exactOptional(),
  offline: z.literal(true).exactOptional(),
});

const redemptionRecord = z.looseObject({
  ...head,
  type: z.literal('redemption'),
  surface: z.string(),
  permit: z.looseObject({ jti: z.string() }),
  by: z.string(),
  redeemer: hash.nullable(),
  reportBy: instant,
  offline: z.looseObject({ at: instant }).exactOptional(),
});

const outcomeRecord = z.looseObject({
  ...head,
  type: z.literal('outcome'),
  surface: z.string(),
  status: oneOf<OutcomeRecord['status']>({
    executed: true,
    failed: true,
    skipped: true,
    unreported: true,
    lapsed: true,
  }),
  reference: text,
  detail: hash.nullable(),
  by: text,
  returns: z.string().exactOptional(),
});

const otherRecord = z.looseObject({
  ...head,
  type: oneOf<OtherRecord['type']>({
    reconcile: true,
    review: true,
    policy: true,
    freeze: true,
    key: true,
    delegation: true,
    credential: true,
    tenant: true,
    directory: true,
    grant: true,
    drill: true,
    export: true,
    finding: true,
    statement: true,
  }),
  by: text,
  reason: text,
  body: jsonObject,
});

export const recordSchema: z.ZodType<RecordPayload> = z.discriminatedUnion('type', [
  verdictRecord,
  decisionRecord,
  releaseRecord,
  redemptionRecord,
  outcomeRecord,
  otherRecord,
]);
