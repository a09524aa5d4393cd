import { z } from 'zod';
import { PRESENCES } from '../presence.ts';
import { EFFECT_KINDS } from '../verdict.ts';

const amount = z.string().nullable().meta({
  description:
    'Exact, in the places of its currency; `undisclosed` where policy keeps it; null where it did not come to that.',
});

const amountsSchema = z.strictObject({ asked: amount, approved: amount, released: amount, executed: amount });

const sumSchema = z.strictObject({
  sum: z.string(),
  undisclosed: z.int().meta({ description: 'Amounts that are not in the sum, for policy does not disclose them.' }),
});

export const moneyTotalSchema = z
  .strictObject({
    currency: z.string().nullable(),
    asked: sumSchema,
    approved: sumSchema,
    released: sumSchema,
    executed: sumSchema,
  })
  .meta({ id: 'MoneyTotal' });

/** One action that people decided, or that was released on one person's word. */
export const overrideSchema = z
  .strictObject({
    action: z.string(),
    surface: z.string(),
    what: z.string(),
    askedBy: z.string(),
    askedAt: z.iso.datetime(),
    approvedBy: z.array(z.string()),
    approvedAt: z.iso.datetime().nullable(),
    tookSeconds: z.int().nullable().meta({ description: 'From the verdict to the release.' }),
    currency: z.string().nullable(),
    amounts: amountsSchema,
    basis: z.string().meta({ description: '`override` or `break_glass`.' }),
    outcome: z.string(),
    presence: z
      .array(z.enum(PRESENCES))
      .meta({ description: 'How each of `approvedBy` was there, in their order; empty where the glass was broken.' }),
    effect: z.enum(EFFECT_KINDS).nullable().meta({ description: 'What policy says that it does to the world.' }),
    reverses: z.string().nullable().meta({ description: 'The action that this one takes back.' }),
    reversedBy: z.array(z.string()).meta({ description: 'Executed actions that took this one back, oldest first.' }),
    receipt: z.string().meta({ description: 'Hash of the record that released it.' }),
  })
  .meta({ id: 'Override' });
export type OverrideView = z.infer<typeof overrideSchema>;

const groupShape = { actions: z.int(), money: z.array(moneyTotalSchema) };

export const overridesReportSchema = z
  .strictObject({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    cut: z.boolean().meta({ description: 'There were more than are listed; ask for a shorter time.' }),
    total: z.int(),
    items: z.array(overrideSchema),
    approvers: z.array(z.strictObject({ approver: z.string(), ...groupShape })),
    surfaces: z.array(z.strictObject({ surface: z.string(), ...groupShape })),
    currencies: z.array(moneyTotalSchema),
    presences: z
      .array(z.strictObject({ presence: z.enum(PRESENCES), ...groupShape }))
      .meta({ description: 'By the weakest way in which somebody who approved was there.' }),
    neverReversed: z.strictObject(groupShape).meta({
      description: 'Executed, more than a read, no reversal itself, and not taken back by any executed action.',
    }),
  })
  .meta({ id: 'OverridesReport' });

/** Every override of a period, and how it ended. */
export type OverridesReport = z.infer<typeof overridesReportSchema>;
