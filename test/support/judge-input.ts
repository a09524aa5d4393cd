/** What a worker is given to judge, as the gateway starts it for a caller. */
import { randomUUID } from 'node:crypto';
import { hashOf } from '../../src/canonical/index.ts';
import type { ActionRequest } from '../../src/contract/index.ts';
import { actionIdOf } from '../../src/engine/ids.ts';
import type { JudgeInput } from '../../src/engine/types.ts';
import type { Parts } from '../../src/main/parts.ts';
import { refund } from './stack.ts';

/** A new refund of 12, which policy approves. @param key of the caller */
export async function judgeInput(on: Pick<Parts, 'authenticate' | 'attestor'>, key: string): Promise<JudgeInput> {
  const request = refund(12) as ActionRequest;
  const idempotencyKey = randomUUID();
  const id = actionIdOf(idempotencyKey);
  const caller = await on.authenticate(`Bearer ${key}`);
  const token = await on.attestor.attest({
    ...{ kind: 'start', tenant: 'default', action: id, by: caller.id, via: 'api', caller },
    ...{ requestHash: hashOf(request), bundle: null },
  });
  return { request, tenant: 'default', idempotencyKey, token, id, createdAt: new Date().toISOString() };
}
