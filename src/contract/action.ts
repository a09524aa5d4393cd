import { z } from 'zod';
import { HASH_PATTERN } from '../canonical/index.ts';
import { PRESENCES } from './presence.ts';
import { DOORS, verdictSchema } from './verdict.ts';
import { passkeyAssertionSchema } from './passkey.ts';
import { planStepSchema } from './plan.ts';
import { timeSchema } from './reading.ts';
import { jsonObject } from './request.ts';
import { OUTCOME_STATUSES, STATUSES } from './status.ts';

/** What a person can do about a parked action. */
export const DECISIONS = ['approve', 'refuse', 'return', 'extend'] as const;
export type DecisionKind = (typeof DECISIONS)[number];

export const decisionViewSchema = z.strictObject({
  by: z.string(),
  decision: z.enum(DECISIONS),
  reason: z.string().nullable(),
  at: z.iso.datetime(),
  via: z.enum(DOORS),
  presence: z.enum(PRESENCES).optional().meta({
    description: 'How the human was there: their passkey signed, they clicked, or only a token was presented.',
  }),
});
export type DecisionView = z.infer<typeof decisionViewSchema>;

export const approvalViewSchema = z.strictObject({
  stage: z.int().nonnegative(),
  stages: z.array(
    z.strictObject({
      name: z.string(),
      quorum: z.int().positive(),
      approvers: z.array(z.string()),
      decisions: z.array(decisionViewSchema),
    }),
  ),
  expiresAt: z.iso.datetime(),
});
export type ApprovalView = z.infer<typeof approvalViewSchema>;

/** The action as everyone outside sees it (contract section 3). */
export const actionSchema = z
  .strictObject({
    id: z.string(),
    tenant: z.string(),
    status: z.enum(STATUSES),
    requestHash: z.string().nullable(),
    verdict: verdictSchema.nullable(),
    approval: approvalViewSchema.nullable(),
    permit: z.string().nullable().meta({ description: 'Compact JWS, only for the caller that may execute.' }),
    records: z.array(z.string()).meta({ description: 'Record hashes, oldest first.' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    redeemedAt: z.iso
      .datetime()
      .nullable()
      .optional()
      .meta({ description: 'When the executor took the permit; null or left out while nobody did.' }),
    grant: z
      .string()
      .optional()
      .meta({ description: 'The standing approval that was given with this decision, `grt_…`.' }),
    plan: planStepSchema
      .pick({ plan: true, index: true, of: true })
      .optional()
      .meta({ description: 'Which step of which plan it is; left out of actions that were asked alone.' }),
    reverses: z.string().optional().meta({ description: 'The action that this one takes back.' }),
    reversedBy: z
      .array(z.string())
      .optional()
      .meta({ description: 'Actions that take this one back, oldest first; left out where there are none.' }),
  })
  .meta({ id: 'Action' });
export type Action = z.infer<typeof actionSchema>;

/** What an approver posts to `/v1/actions/{id}/decisions`. */
export const decisionInputSchema = z
  .strictObject({
    decision: z.enum(DECISIONS),
    stage: z.int().nonnegative().optional(),
    reason: z.string().trim().min(1).max(2000).optional(),
    changes: jsonObject.optional().meta({ description: 'Dotted paths, as in `mayChange`, and their new values.' }),
    until: timeSchema.optional().meta({ description: 'For `extend`: the new time of expiry.' }),
    shown: z
      .strictObject({ hash: z.string().regex(HASH_PATTERN), renderer: z.string().min(1).max(40) })
      .optional()
      .meta({ description: 'What the decision rests on, where the caller renders it; default: what was opened last.' }),
    grant: z
      .strictObject({
        until: timeSchema,
        uses: z.int().positive().max(1000).optional(),
        upTo: z
          .string()
          .regex(/^(0|[1-9][0-9]{0,14})(\.[0-9]{1,14})?$/)
          .optional(),
      })
      .optional()
      .meta({
        description:
          'With `approve`: and the like until then, so many and so much in all; default as many and as much as policy allows.',
      }),
    passkey: passkeyAssertionSchema
      .optional()
      .meta({ description: 'Your passkey’s signature over what `decision-options` answered to this very decision.' }),
  })
  .meta({ id: 'Decision' });
export type DecisionInput = z.infer<typeof decisionInputSchema>;

/** Characters of a permit at most. */
const PERMIT_MAX_CHARS = 128 * 1024;

/** A permit as executors bring it, one bound at every door: it holds what was changed, which params bound, in base64. */
export const permitSchema = z.string().min(1).max(PERMIT_MAX_CHARS);

export const outcomeInputSchema = z
  .strictObject({
    permit: permitSchema,
    status: z.enum(OUTCOME_STATUSES),
    reference: z.string().max(512).optional().meta({ description: 'The executor’s own id of what it did.' }),
    detail: z.string().max(2000).optional(),
    redeemedAt: z.iso.datetime({ offset: true }).optional().meta({
      description: 'When you used the permit up without the engine, where the permit allows that (`offline`).',
    }),
    redeemer: z.string().min(1).max(256).optional().meta({
      description:
        'Your own random text, with `redeemedAt`, or as it was redeemed: another executor’s report never passes for yours.',
    }),
  })
  .meta({ id: 'Outcome' });
export type OutcomeInput = z.infer<typeof outcomeInputSchema>;
