import { z } from 'zod';

export const tenantSchema = z
  .strictObject({
    name: z.string(),
    record: z.string().meta({ description: 'Hash of the record that made it, in the log of `default`.' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Tenant' });
export type TenantView = z.infer<typeof tenantSchema>;

export const newTenantSchema = tenantSchema
  .extend({ key: z.string().meta({ description: 'The tenant’s first key; it is shown this once.' }) })
  .meta({ id: 'NewTenant' });
export type NewTenant = z.infer<typeof newTenantSchema>;

export const tenantListSchema = z.strictObject({ tenants: z.array(tenantSchema) });
