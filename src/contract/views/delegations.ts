import { z } from 'zod';

export const delegationSchema = z
  .strictObject({
    id: z.string(),
    from: z.string(),
    to: z.string(),
    surfaces: z.array(z.string()),
    until: z.iso.datetime(),
  })
  .meta({ id: 'DelegationInForce' });
export type DelegationView = z.infer<typeof delegationSchema>;

export const delegationListSchema = z.strictObject({ delegations: z.array(delegationSchema) });
