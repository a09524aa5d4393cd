import { z } from 'zod';

const count = z.int().nonnegative();

/** What is known of one surface. */
export const surfaceCoverageSchema = z
  .strictObject({
    surface: z
      .string()
      .meta({ description: 'Its name; a glob where a policy names one and nothing below it was asked for.' }),
    governed: z.boolean().meta({ description: 'False: it was asked for, and no policy in force speaks about it.' }),
    policies: z.array(z.strictObject({ name: z.string(), mode: z.enum(['enforce', 'observe']) })),
    actions: count.meta({ description: 'Actions asked for in 30 days.' }),
    lastAt: z.iso.datetime().nullable(),
    neverRedeemed: count.meta({ description: 'Released, and nobody redeemed in time: nothing happened.' }),
    neverReported: count.meta({ description: 'Redeemed, and nobody reported: what happened is not known.' }),
    executedBy: z
      .array(z.strictObject({ by: z.string(), times: count }))
      .meta({ description: 'Who redeemed, the busiest first; of the newest 10,000 redemptions of the tenant.' }),
  })
  .meta({ id: 'SurfaceCoverage' });
export type SurfaceCoverage = z.infer<typeof surfaceCoverageSchema>;

export const surfaceListSchema = z.strictObject({
  since: z.iso.datetime(),
  surfaces: z.array(surfaceCoverageSchema),
});
export type SurfaceList = z.infer<typeof surfaceListSchema>;
