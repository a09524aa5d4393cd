/** What the doors of AuthZEN share. */
import { createHash } from 'node:crypto';
import { CountersignError, type AuthzenDecision, type AuthzenQuestion, type JsonObject } from '../contract/index.ts';
import { mapEvaluation, type Mapped } from '../policy/index.ts';
import type { Caller } from '../identity/index.ts';
import type { GatewayDeps } from './deps.ts';
import { storedBundle } from './policies.ts';

/** A denial: why, as a code and in words. */
export const denied = (reason: string, words: string, more: JsonObject = {}): AuthzenDecision => ({
  decision: false,
  context: { reason, reason_user: { '403': words }, ...more },
});

/** The request that a question is about, by the policies in force. */
export async function mapInForce(deps: GatewayDeps, caller: Caller, question: AuthzenQuestion): Promise<Mapped> {
  const hash = await deps.bundles.inForce(caller.tenant);
  if (hash === null) throw new CountersignError('unavailable', 'no policy is in force; publish a bundle first');
  return mapEvaluation(await storedBundle(deps, caller.tenant, hash), question);
}

/** The idempotency key of an action that a question starts. Two callers that chose the same key mean two things. */
export const questionKey = (caller: Caller, kind: string, key: string): string =>
  `authzen:${createHash('sha256')
    .update(JSON.stringify([kind, caller.id, key]))
    .digest('hex')}`;
