import { ENGINE_VIA } from '../engine-names.ts';
import { z } from 'zod';
import { RELEASE_BASES } from '../record.ts';
import { STATUSES } from '../status.ts';
import { BASES, DOORS, MODES, VERDICT_DECISIONS } from '../verdict.ts';

const instant = z.iso.datetime();
const text = z.string().nullable();
const amount = z.string().nullable();

/** What an action is found by. */
export const actionFilterShape = {
  surface: z.string().optional(),
  actor: z.string().optional(),
  requester: z.string().optional().meta({ description: 'Whom it was asked for: the end of the actor’s chain.' }),
  approver: z.string().optional().meta({ description: 'Who decided last.' }),
  status: z.enum(STATUSES).optional(),
  decision: z.enum(VERDICT_DECISIONS).optional().meta({ description: 'Of the first verdict.' }),
  basis: z
    .enum([...new Set([...BASES, ...RELEASE_BASES])])
    .optional()
    .meta({ description: 'On what it was released; where it was not, of its verdict.' }),
  mode: z.enum(MODES).optional(),
  policy: z.string().optional(),
  rule: z.string().optional(),
  folder: z.string().optional().meta({ description: 'This one, and all below it.' }),
  via: z.enum([...DOORS, ENGINE_VIA]).optional(),
  currency: z.string().optional(),
  amountFrom: z.string().optional().meta({ description: 'An exact decimal, included; of the amount asked for.' }),
  amountTo: z.string().optional().meta({ description: 'An exact decimal, included.' }),
  q: z.string().optional().meta({
    description:
      'Three characters or more, in any case: of reason, resource, people or reference; an `act_…` by its beginning.',
  }),
};

/** One governed action, as its sealed records say. Amounts are exact decimals in the places of their currency. */
export const actionSummarySchema = z
  .strictObject({
    id: z.string(),
    status: z.enum(STATUSES),
    surface: z.string(),
    action: z.string(),
    actor: z.string(),
    requester: z.string(),
    resource: text,
    folder: text,
    decision: z.enum(VERDICT_DECISIONS),
    basis: z.string(),
    mode: z.enum(MODES),
    policy: text,
    rule: text,
    bundle: text,
    releaseBasis: text.meta({ description: 'How it was released; null where it was not.' }),
    approver: text,
    via: text,
    delegatedFrom: text.meta({ description: 'In whose name the approver decided.' }),
    extended: z.boolean().meta({ description: 'Somebody gave it more time.' }),
    changed: z.boolean().meta({ description: 'Something else than was asked for was approved.' }),
    reason: text,
    reference: text,
    currency: text,
    amounts: z.strictObject({ asked: amount, approved: amount, released: amount, executed: amount }),
    undisclosed: z.boolean().meta({ description: 'There is an amount, and policy does not disclose it.' }),
    askedAt: instant,
    decidedAt: instant.nullable(),
    releasedAt: instant.nullable(),
    redeemedAt: instant.nullable(),
    endedAt: instant.nullable(),
    expiresAt: instant.nullable().meta({ description: 'Until when people may decide; null where nobody was asked.' }),
    reviewDueAt: instant.nullable().meta({ description: 'Of a break-glass release.' }),
    reviewedAt: instant.nullable(),
    waitMs: z.int().nullable().meta({ description: 'From the request to a person’s decision.' }),
    firstIndex: z.int().meta({ description: 'Position of its first record in the log.' }),
    lastIndex: z.int(),
  })
  .meta({ id: 'ActionSummary' });
export type ActionSummary = z.infer<typeof actionSummarySchema>;

const asOf = z
  .strictObject({ size: z.int(), logSize: z.int() })
  .meta({ description: 'Entries of the log that the answer includes, and those that there are.' });

const count = z
  .strictObject({ atLeast: z.int(), exact: z.boolean() })
  .meta({ description: 'How many fit; beyond 10,000 they are not counted.' });

const bounds = {
  from: instant.optional().meta({ description: 'What `from` meant, where it was given.' }),
  to: instant.optional().meta({ description: 'What `to` meant, where it was given.' }),
};

const facets = z
  .record(z.string(), z.array(z.strictObject({ value: z.string(), count: z.int() })))
  .meta({ description: 'By field: its values among the newest 10,000 that fit, the most frequent first.' });

export const actionListSchema = z.strictObject({
  ...bounds,
  actions: z.array(actionSummarySchema),
  count,
  facets: facets.optional(),
  asOf,
  next_cursor: z.string().nullable(),
});
export type ActionList = z.infer<typeof actionListSchema>;

export const actionFacetsSchema = z.strictObject({
  ...bounds,
  facets,
  count,
  asOf,
});
export type ActionFacets = z.infer<typeof actionFacetsSchema>;

const differences = z.array(
  z.strictObject({
    action: z.string(),
    change: z.enum(['inserted', 'altered', 'removed']),
    columns: z.array(z.string()).meta({ description: 'Columns that are not what the records say.' }),
  }),
);

/** Requested rows that differ from the sealed records. */
export const rowComparisonSchema = z.strictObject({
  compared: z.array(z.string()).meta({ description: 'Ids of the rows that were found, and compared.' }),
  differences,
});
export type RowComparison = z.infer<typeof rowComparisonSchema>;

/** What a comparison of the read model with the log found. */
export const projectionCheckSchema = z.strictObject({
  size: z.int(),
  next: z.int().nullable().meta({ description: '`from` of the next comparison; null at the end.' }),
  actions: z.int(),
  differences,
  windows: z.array(z.int()),
  days: z.array(z.string()).meta({ description: 'With the last part: days whose sums are not those of their rows.' }),
  findings: z.array(z.string()).meta({
    description: 'With the last part: findings that are not what the rows say, or of which another answer is sealed.',
  }),
});
/** How much of the log the read model includes. */
export const projectionRebuiltSchema = z.strictObject({
  size: z.int().meta({ description: 'Entries that the rows include so far.' }),
  logSize: z.int(),
  done: z.boolean().meta({ description: 'False where the rest follows by itself, as after any growth of the log.' }),
});

export type ProjectionRebuilt = z.infer<typeof projectionRebuiltSchema>;
export type ProjectionCheck = z.infer<typeof projectionCheckSchema>;
