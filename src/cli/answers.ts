/** Reads the API's answers with the same schemas that the API uses. */
import type { z } from 'zod';
import { CountersignError } from '../contract/index.ts';

/**
 * An answer as this version knows it. Members that a newer server adds are let through.
 *
 * @throws CountersignError `unavailable` when the answer does not fit.
 */
export function readAnswer<T>(schema: z.ZodType<T>, body: unknown): T {
  const { data, error } = schema.safeParse(body);
  if (data !== undefined) return data;
  if (error?.issues.every(({ code }) => code === 'unrecognized_keys') === true) return body as T;
  throw new CountersignError(
    'unavailable',
    'the server’s answer is not what this version reads; check `COUNTERSIGN_URL` and that both sides are of one version',
    { cause: error },
  );
}
