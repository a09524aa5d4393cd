/** People's attested messages: their hash, and the refusal of those that do not count. */
import { createHash } from 'node:crypto';
import { isCountersignError } from '../contract/index.ts';
import type { EngineDeps } from './deps.ts';
import type { ActionRef, Refusal } from './types.ts';

/** `sha256:…` of an attestation, which names it in records. */
export const hashOfText = (text: string): string => `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

/** The people whom a worker attested it could not reach. Empty without an attestation; then only the timers escalate. */
export async function unreachableBy(
  deps: Pick<EngineDeps, 'attestor' | 'now'>,
  { tenant, id }: ActionRef,
  attestation: string,
): Promise<string[]> {
  const expected = { kind: 'unreachable' as const, tenant, action: id };
  const claims = await deps.attestor.verify(attestation, deps.now().getTime(), expected).catch(() => null);
  return claims?.people ?? [];
}

/** The refusal of a message that does not count. @throws an error that is not the sender's fault, so that the step is retried */
export function refusalOf(error: unknown): { refusal: Refusal } {
  if (!isCountersignError(error) || error.status >= 500) throw error;
  return { refusal: { code: error.code, message: error.message } };
}
