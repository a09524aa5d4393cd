import { z } from 'zod';
import { RECORD_PAYLOAD_TYPE, type Envelope, type Receipt } from '../record.ts';
import { jsonObject } from '../request.ts';

/** The form of a receipt. Whether it holds is for the verifier to say. */
export const receiptSchema: z.ZodType<Receipt> = z
  .strictObject({
    kind: z.literal('countersign.receipt/v1'),
    envelope: z.strictObject({
      payloadType: z.literal(RECORD_PAYLOAD_TYPE),
      payload: z.string(),
      signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })),
    }),
    log: z.strictObject({
      origin: z.string(),
      index: z.int(),
      checkpoint: z.string(),
      inclusion: z.array(z.string()),
    }),
  })
  .meta({ id: 'Receipt' });

/** A signed in-toto statement; its payload is JSON in base64. */
export const statementSchema: z.ZodType<Envelope> = z
  .strictObject({
    payloadType: z.string().meta({ description: 'application/vnd.in-toto+json' }),
    payload: z.string(),
    signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })),
  })
  .meta({ id: 'Statement' });

/** With the models from which a verifier renders what the approver saw: one of `models` gives the sealed hash. */
export const shownAgainSchema = z.strictObject({
  record: z.string(),
  by: z.string().meta({ description: 'Directory id of who decided.' }),
  shown: z.strictObject({ hash: z.string(), renderer: z.string() }),
  models: z
    .array(jsonObject)
    .meta({ description: 'Everything that was shown of the action while it could be decided, oldest first.' }),
});
export type ShownAgain = z.infer<typeof shownAgainSchema>;
