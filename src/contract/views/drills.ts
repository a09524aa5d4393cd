import { z } from 'zod';
import { jsonObject } from '../request.ts';

export const drillInputSchema = z
  .strictObject({
    request: jsonObject.meta({ description: 'An action request, without `callback`, `execution` and `reverses`.' }),
    missed: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .meta({ description: 'What is to be seen in it: whoever approves it is told at once.' }),
  })
  .meta({ id: 'DrillRequest' });
export type DrillInput = z.infer<typeof drillInputSchema>;

/** A drill that was planted. */
export const plantedDrillSchema = z
  .strictObject({
    action: z.string().meta({ description: 'Id of the planted action, which is never released.' }),
    record: z.string().meta({ description: 'Hash of the record that says that it was planted.' }),
  })
  .meta({ id: 'PlantedDrill' });
export type PlantedDrill = z.infer<typeof plantedDrillSchema>;

const rate = z.number().min(0).max(1).nullable().meta({
  description: 'Of those decided, how many were refused; null where none was decided.',
});

export const drillReportSchema = z
  .strictObject({
    open: z.int().nonnegative().meta({ description: 'Drills that go on. Which they are, nobody is told.' }),
    drills: z
      .array(
        z.strictObject({
          action: z.string(),
          surface: z.string(),
          missed: z.string().meta({ description: 'What was to be seen.' }),
          end: z.enum(['missed', 'caught', 'expired', 'withdrawn', 'void']),
          person: z.string().nullable().meta({ description: 'Directory id of whose decision ended it.' }),
          plantedAt: z.iso.datetime(),
          endedAt: z.iso.datetime(),
          plantedBy: z.string(),
        }),
      )
      .meta({ description: 'Those that are over, newest first.' }),
    detection: z
      .array(
        z.strictObject({
          person: z.string(),
          surface: z.string(),
          caught: z.int().nonnegative(),
          missed: z.int().nonnegative(),
          rate,
        }),
      )
      .meta({ description: 'By approver and surface.' }),
    attention: z
      .array(
        z.strictObject({
          person: z.string(),
          caught: z.int().nonnegative(),
          missed: z.int().nonnegative(),
          rate,
          flaggedAt: z.iso.datetime().nullable(),
        }),
      )
      .meta({ description: 'Who approves without looking, by a cumulative sum of log-likelihood ratios.' }),
    parameters: z.strictObject({ attentive: z.number(), inattentive: z.number(), odds: z.number() }),
  })
  .meta({ id: 'DrillReport' });
export type DrillReport = z.infer<typeof drillReportSchema>;
