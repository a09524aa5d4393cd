import { z } from 'zod';

const instant = z.iso.datetime();
const counted = z.array(z.strictObject({ value: z.string(), count: z.int() }));
const ms = z.int().meta({ description: 'Milliseconds.' });

const waits = z.strictObject({
  n: z.int(),
  median: ms,
  p90: ms,
  longest: ms,
  buckets: z
    .array(z.strictObject({ upTo: z.int().nullable(), count: z.int() }))
    .meta({ description: 'How many took up to so many milliseconds, and more than the bucket before; null: longer.' }),
});

const figures = z.strictObject({
  from: instant,
  to: instant,
  actions: z.int(),
  overrides: z.int(),
  breakGlass: z.int(),
  refused: z.int(),
  expired: z.int(),
  delegated: z.int(),
  changed: z.int(),
  extended: z.int(),
  statuses: counted,
  bases: counted.meta({ description: 'On what they were released.' }),
  money: z
    .array(
      z.strictObject({
        currency: z.string().nullable(),
        actions: z.int(),
        undisclosed: z.int().meta({ description: 'Amounts that are in no sum, for policy does not disclose them.' }),
        asked: z.string(),
        approved: z.string(),
        released: z.string(),
        executed: z.string(),
      }),
    )
    .meta({ description: 'Exact decimals, by currency; nothing is added up across them.' }),
  surfaces: z.array(z.strictObject({ surface: z.string(), actions: z.int(), overrides: z.int(), refused: z.int() })),
  approvers: z.array(
    z.strictObject({
      approver: z.string(),
      decided: z.int(),
      overrides: z.int(),
      refused: z.int(),
      changed: z.int(),
      released: z.array(z.strictObject({ currency: z.string().nullable(), amount: z.string() })),
      waits: waits.nullable(),
    }),
  ),
  waits: waits.nullable().meta({ description: 'How long people took to decide; null where nobody did.' }),
  days: z.array(z.strictObject({ day: z.iso.date(), n: z.int(), overrides: z.int(), refused: z.int() })),
});

/** What happened in a period, and in the one before it. */
export const overviewSchema = z
  .strictObject({
    now: figures,
    before: figures.meta({ description: 'The time of the same length just before.' }),
    findings: z
      .array(z.strictObject({ test: z.string(), findings: z.int(), unanswered: z.int() }))
      .meta({ description: 'Of tests that found something.' }),
    waiting: z.int().meta({ description: 'Actions that wait for a person now; beyond 10,000 they are not counted.' }),
    asOf: z.strictObject({ size: z.int(), logSize: z.int() }),
  })
  .meta({ id: 'Overview' });
export type Overview = z.infer<typeof overviewSchema>;
