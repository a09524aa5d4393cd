import { z } from 'zod';
import { jsonSchema } from '../request.ts';
import { verdictSchema } from '../verdict.ts';

export const activationSchema = z.strictObject({
  bundle: z.string(),
  previous: z.string().nullable().meta({ description: 'The bundle that it replaced.' }),
  action: z
    .string()
    .nullable()
    .meta({ description: 'The action that was released for it; null for what the first start brought.' }),
  by: z.string().nullable(),
  reason: z.string().nullable(),
  at: z.iso.datetime(),
  record: z.string().meta({ description: 'Hash of the sealed record.' }),
});
export type ActivationView = z.infer<typeof activationSchema>;

export const policyPageSchema = z
  .strictObject({
    inForce: z.string().nullable(),
    activations: z.array(activationSchema).meta({ description: 'Newest first.' }),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'Policies' });
export type PolicyPage = z.infer<typeof policyPageSchema>;

export const policyViewSchema = z.strictObject({
  bundle: z.string(),
  policies: z.array(z.string()).meta({ description: 'Names, sorted.' }),
  source: jsonSchema.meta({ description: 'The canonical JSON that `bundle` is the hash of.' }),
});
export type PolicyView = z.infer<typeof policyViewSchema>;

export const backtestReportSchema = z
  .strictObject({
    bundle: z.string(),
    base: z.string().nullable(),
    total: z.int(),
    changed: z.int().meta({ description: 'How many verdicts would change.' }),
    examples: z
      .array(z.strictObject({ name: z.string(), from: verdictSchema, to: verdictSchema }))
      .meta({ description: 'Some of them, by action id.' }),
    transitions: z.array(z.strictObject({ from: z.string(), to: z.string(), count: z.int() })),
    assumed: z.int().meta({ description: 'How many needed people or limits that were not sealed.' }),
    erased: z.int().meta({ description: 'Verdicts left out because their payload was erased.' }),
    truncated: z.boolean().meta({ description: 'There were more verdicts than one backtest judges.' }),
    lines: z.array(z.string()).meta({ description: 'The report for a person.' }),
  })
  .meta({ id: 'BacktestReport' });
export type BacktestView = z.infer<typeof backtestReportSchema>;

export const suggestionsSchema = z
  .strictObject({
    total: z.int().meta({ description: 'Sealed verdicts that were looked at.' }),
    approved: z.int().meta({ description: 'Of those, how many people approved.' }),
    refused: z.int().meta({ description: 'And how many they refused.' }),
    erased: z.int().meta({ description: 'Verdicts left out because their payload was erased.' }),
    truncated: z.boolean().meta({ description: 'There were more verdicts than are looked at.' }),
    suggestions: z
      .array(
        z.strictObject({
          kind: z.enum(['rule', 'grant']),
          policy: z.string(),
          rule: z.string().meta({ description: 'The rule whose questions would have been fewer.' }),
          says: z.string(),
          fewer: z
            .int()
            .meta({ description: 'Questions that people answered with yes, and that would not have been asked.' }),
          through: z.int().meta({ description: 'Requests that people refused, and that would have passed.' }),
          diff: z.string().meta({ description: 'A unified diff of the files, with cases.' }),
          files: z
            .array(z.strictObject({ path: z.string(), text: z.string() }))
            .meta({ description: 'The changed files.' }),
        }),
      )
      .meta({ description: 'What saves most first. Each passes lint, and its cases.' }),
  })
  .meta({ id: 'PolicySuggestions' });
export type SuggestionsView = z.infer<typeof suggestionsSchema>;

export const replaySchema = z
  .strictObject({
    record: z.string().meta({ description: 'Hash of the record.' }),
    action: z.string(),
    bundle: z.string().nullable(),
    same: z.boolean().meta({ description: 'Whether the same bundle, request and facts gave the same verdict.' }),
    sealed: verdictSchema,
    verdict: verdictSchema.meta({ description: 'What they give now.' }),
    differences: z.array(z.string()).meta({ description: 'Parts that differ: `verdict`, `observed`, `plan`.' }),
  })
  .meta({ id: 'Replay' });
export type ReplayView = z.infer<typeof replaySchema>;
