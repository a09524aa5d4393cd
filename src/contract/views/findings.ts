import { z } from 'zod';

const instant = z.iso.datetime();

const asOf = z
  .strictObject({ size: z.int(), logSize: z.int() })
  .meta({ description: 'Entries of the log that the answer includes, and those that there are.' });

/** What a person may have found out. */
export const CONCLUSIONS = ['explained', 'confirmed', 'open'] as const;

const answer = z.strictObject({
  by: z.string(),
  at: instant,
  conclusion: z
    .string()
    .meta({ description: '`explained`: in order. `confirmed`: not in order. `open`: looked at, not known yet.' }),
  reason: z.string().meta({ description: 'What was found out, in words.' }),
  record: z.string().meta({ description: 'Hash of the record that sealed it.' }),
});
export type FindingAnswerView = z.infer<typeof answer>;

/** Something that a finance test asks to be looked at. It is a question, not a verdict. */
export const auditFindingSchema = z
  .strictObject({
    id: z.string().meta({ description: 'Of what it says: with other actions or figures it is another question.' }),
    period: z.string().meta({ description: 'The quarter of its last action, in UTC, such as `2026-Q4`.' }),
    test: z.string(),
    version: z.int(),
    actions: z.array(z.string()).meta({ description: 'In the order of time; none where it is about all of them.' }),
    surfaces: z.array(z.string()),
    firstAt: instant,
    lastAt: instant,
    figures: z.record(z.string(), z.union([z.string(), z.number()])),
    sentence: z.string(),
    found: z.boolean().meta({ description: 'False where the test does not find it any more: what was said stays.' }),
    answers: z.array(answer).meta({ description: 'What people said about it, oldest first; each is sealed.' }),
  })
  .meta({ id: 'AuditFinding' });
export type FindingView = z.infer<typeof auditFindingSchema>;

/** A finding as a sealed answer holds it; of many actions the first only. */
export const sealedFindingSchema = z.object({
  ...auditFindingSchema.omit({ found: true, answers: true }).shape,
  count: z.int(),
});

export const findingDetailSchema = auditFindingSchema.extend({
  question: z.string().nullable(),
  params: z.record(z.string(), z.number()).nullable(),
});
export type FindingDetail = z.infer<typeof findingDetailSchema>;

/** What the finance tests found in the actions of a period. */
export const findingsSchema = z.strictObject({
  from: instant,
  to: instant,
  actions: z.int().meta({ description: 'How many the tests looked at.' }),
  cut: z.boolean().meta({ description: 'There were more than are looked at, or listed; ask for a shorter time.' }),
  behind: z.array(z.string()).meta({ description: 'Quarters whose findings do not include all of their actions yet.' }),
  zone: z.string().meta({ description: 'The zone of working hours.' }),
  tests: z.array(
    z.strictObject({
      name: z.string(),
      version: z.int(),
      question: z.string(),
      params: z.record(z.string(), z.number()),
      findings: z.int(),
      unanswered: z.int(),
    }),
  ),
  findings: z.array(auditFindingSchema).meta({ description: 'Unanswered first, then the newest.' }),
  asOf,
});
export type Findings = z.infer<typeof findingsSchema>;

/** Randomly drawn actions. The same seed and population give the same ones again. */
export const drawnSampleSchema = z.strictObject({
  from: instant,
  to: instant,
  population: z.strictObject({
    actions: z.int(),
    strata: z.array(z.strictObject({ name: z.string(), actions: z.int() })),
  }),
  seed: z.string().meta({ description: '`log.root`, `/`, and the word of who asked.' }),
  drawn: z.array(
    z.strictObject({
      id: z.string(),
      stratum: z.string(),
      by: z.enum(['lot', 'bound']).meta({ description: 'By lot, or because everything above the bound is.' }),
      lot: z
        .string()
        .meta({ description: 'Hexadecimal SHA-256 of seed, a zero byte, and id: the smallest are drawn.' }),
    }),
  ),
  log: z.strictObject({ size: z.int(), root: z.string() }).meta({ description: 'The log that fixes the population.' }),
  worksheet: z
    .array(
      z.strictObject({
        id: z.string(),
        cells: z.array(
          z.strictObject({
            question: z.enum([
              'named-approver',
              'four-eyes',
              'in-time',
              'words-given',
              'amount-as-approved',
              'executed-once',
            ]),
            answer: z.enum(['yes', 'no', 'none']),
            says: z.string(),
            proof: z.array(z.string()).meta({ description: 'Hashes of the records that it follows from.' }),
          }),
        ),
      }),
    )
    .nullable()
    .meta({
      description: 'Where it was asked for: what an auditor writes down of each, filled in from the verified records.',
    }),
});
export type DrawnSample = z.infer<typeof drawnSampleSchema>;
