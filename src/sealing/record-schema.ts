/** The form of each type of record (contract section 6). Members that a later version adds are let through: they are signed all the same. */
import { z } from 'zod';
import { HASH_PATTERN } from '../canonical/index.ts';
import {
  BASES,
  DOORS,
  jsonObject,
  MODES,
  OUTCOME_STATUSES,
  RELEASE_BASES,
  VERDICT_DECISIONS,
  type RecordActor,
} from '../contract/index.ts';

const text = z.string().nullable();
const hash = z.string().regex(HASH_PATTERN, 'is not `sha256:` and 64 hexadecimal digits');
const instant = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();
const people = z.array(z.string());

const head = {
  v: z.literal(1),
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
});

const decisionRecord = z.looseObject({
  ...head,
  type: z.literal('decision'),
  surface: z.string(),
  stage: count,
  decision: z.enum(['approve', 'refuse', 'return', 'extend', 'expired', 'cancelled', 'answered']),
  by: z.string(),
  delegation: z.looseObject({ id: z.string(), from: z.string() }).nullable(),
  reason: text,
  via: z.enum([...DOORS, 'engine']),
  slack: z
    .looseObject({ workspace: z.string(), user: z.string(), channel: z.string(), message: z.string() })
    .nullable(),
  shown: z.looseObject({ hash: z.string(), renderer: z.string() }).nullable(),
  responsibility: text,
  changes: z.record(z.string(), z.looseObject({ from: z.json(), to: z.json() })).nullable(),
  until: text,
  assurance: jsonObject.nullable(),
  attestation: hash.nullable(),
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
});

const outcomeRecord = z.looseObject({
  ...head,
  type: z.literal('outcome'),
  surface: z.string(),
  status: z.enum([...OUTCOME_STATUSES, 'unreported']),
  reference: text,
  detail: hash.nullable(),
  by: text,
});

const otherRecord = z.looseObject({
  ...head,
  type: z.enum(['reconcile', 'review', 'policy', 'freeze', 'key', 'export']),
  by: text,
  reason: text,
  body: jsonObject,
});

export const recordSchema = z.discriminatedUnion('type', [
  verdictRecord,
  decisionRecord,
  releaseRecord,
  outcomeRecord,
  otherRecord,
]);
