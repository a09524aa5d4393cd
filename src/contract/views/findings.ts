import { z } from 'zod';

const instant = z.iso.datetime();

const asOf = z
  .strictObject({ size: z.int(), logSize: z.int() })
  .meta({ description: 'Entries of the log that the answer includes, and those that there are.' });

/** Something that a finance test asks to be looked at. It is a question, no verdict. */
export const auditFindingSchema = z
  .strictObject({
    test: z.string(),
    version: z.int(),
    actions: z.array(z.string()).meta({ description: 'In the order of time; none where it is about all of them.' }),
    figures: z.record(z.string(), z.union([z.string(), z.number()])),
    sentence: z.string(),
  })
  .meta({ id: 'AuditFinding' });

/** What the finance tests found in the actions of a time. */
export const findingsSchema = z.strictObject({
  from: instant,
  to: instant,
  actions: z.int().meta({ description: 'How many the tests looked at.' }),
  cut: z.boolean().meta({ description: 'There were more than are looked at; ask for a shorter time.' }),
  zone: z.string().meta({ description: 'The zone of working hours.' }),
  tests: z.array(
    z.strictObject({
      name: z.string(),
      version: z.int(),
      question: z.string(),
      params: z.record(z.string(), z.number()),
      findings: z.int(),
    }),
  ),
  findings: z.array(auditFindingSchema),
  asOf,
});
export type Findings = z.infer<typeof findingsSchema>;

/** Actions that nobody chose: whoever has the seed and the population draws the same ones again. */
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
});
export type DrawnSample = z.infer<typeof drawnSampleSchema>;
