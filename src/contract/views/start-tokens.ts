import { z } from 'zod';

export const startTokenSchema = z
  .strictObject({
    token: z.string().meta({ description: '`token` of the workflow’s input; good for this key and request only.' }),
    expiresAt: z.iso.datetime().meta({ description: 'A worker has to see the start by then.' }),
    workflowId: z.string().meta({ description: 'What the workflow `governedAction` has to be called.' }),
    taskQueue: z.string(),
  })
  .meta({ id: 'StartToken' });
export type StartToken = z.infer<typeof startTokenSchema>;
