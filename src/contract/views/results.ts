import { z } from 'zod';
import { jsonObject } from '../request.ts';

/** What the engine got when it executed an action: rows that were read, or parts of an answer. */
export const executionResultSchema = z
  .strictObject({
    action: z.string(),
    result: jsonObject.meta({ description: 'As its connector says; deleted with the request.' }),
    hash: z.string().meta({ description: 'The detail that the outcome’s record commits to ends with it.' }),
  })
  .meta({ id: 'ExecutionResult' });
export type ExecutionResult = z.infer<typeof executionResultSchema>;
