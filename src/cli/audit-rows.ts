/** Asks the server for rows of its database that differ from the records, for `audit`. */
import { z } from 'zod';
import { isCountersignError } from '../contract/index.ts';
import type { Finding } from '../evidence/index.ts';
import { call } from './http.ts';

const answerSchema = z.looseObject({
  differences: z.array(
    z.looseObject({
      table: z.string(),
      id: z.string(),
      change: z.enum(['inserted', 'altered', 'removed']),
      message: z.string(),
    }),
  ),
  next_cursor: z.string().nullish(),
});

/** Findings about rows; none where the server does not compare them for this credential. */
export async function rowFindings(url: string, token: string | null): Promise<Finding[]> {
  if (token === null) return [];
  const findings: Finding[] = [];
  try {
    for (let cursor: string | null = ''; cursor !== null;) {
      const query = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
      const page = answerSchema.parse(await call({ url, token }, { path: `v1/row-differences${query}` }));
      for (const { table, id, change, message } of page.differences) {
        findings.push({
          code: `row-${change}` as const,
          message: `row ${id} of \`${table}\` was ${change}: ${message}`,
          index: null,
          action: id.startsWith('act_') ? id : null,
          file: null,
        });
      }
      cursor = page.next_cursor ?? null;
    }
    return findings;
  } catch (error) {
    if (isCountersignError(error) && ['not-found', 'forbidden', 'unauthenticated'].includes(error.code)) return [];
    throw error;
  }
}
