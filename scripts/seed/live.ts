/** Carries one planned action through the engine: asked for, judged, decided, released, redeemed, reported, each at its time. */
import { decodeJwt } from 'jose';
import { createHash } from 'node:crypto';
import { hashOf } from '../../src/canonical/index.ts';
import { CountersignError, type Action } from '../../src/contract/index.ts';
import { RESPONSIBILITY } from '../../src/contract/responsibility.ts';
import { sealDecision } from '../../src/engine/decisions.ts';
import type { EngineDeps } from '../../src/engine/deps.ts';
import { hear } from '../../src/engine/hear.ts';
import { actionIdOf } from '../../src/engine/ids.ts';
import { judge } from '../../src/engine/judge.ts';
import { sealOutcome } from '../../src/engine/outcome.ts';
import { redeemPermit } from '../../src/engine/redeem.ts';
import { createAttestor, type Attestor, type Caller } from '../../src/identity/index.ts';
import type { PlannedAction } from './plan.ts';

export interface World {
  deps: EngineDeps;
  tenant: string;
  caller: Caller;
  words: Words;
}

/** What still has to be there when a released action ends by nobody's doing: a moment more than its time. */
const LATE_MS = 1000;

export async function live(world: World, planned: PlannedAction): Promise<string> {
  const { tenant } = world;
  const { request, askedAt, key, word, asker } = planned;
  const caller: Caller =
    asker === undefined ? world.caller : { kind: 'person', tenant, surfaces: ['**'], actors: [asker.id], ...asker };
  const id = actionIdOf(key);
  const step = at(world, askedAt);
  const bundle = await step.deps.bundles.inForce(tenant);
  const token = await step.attest({
    ...{ kind: 'start', tenant, action: id, by: caller.id, via: 'api' },
    ...{ requestHash: hashOf(request), caller, bundle },
  });
  const input = { request, tenant, idempotencyKey: key, token, id, createdAt: new Date(askedAt).toISOString() };
  const { action } = await judge(step.deps, input);
  if (action.status === 'released') await end(world, planned, action, askedAt);
  if (action.status !== 'supervised') return id;
  if (word === null) {
    const until = Date.parse(action.approval?.expiresAt ?? '') + LATE_MS;
    await sealDecision(at(world, until).deps, { action: { tenant, id } });
    return id;
  }
  const decidedAt = askedAt + word.after;
  const later = at(world, decidedAt);
  const attestation = await later.attest({
    ...{ kind: 'decide', tenant, action: id, by: word.by, via: 'console', requestHash: action.requestHash },
    ...{ decision: word.decision, stage: action.approval?.stage ?? null, reason: word.reason },
    changes: word.changes ?? null,
    responsibility: word.decision === 'approve' ? RESPONSIBILITY : null,
  });
  const { sealed, released } = await hear(later.deps, { action: { tenant, id }, attestation, kind: 'decide' });
  if (sealed.refusal !== undefined) {
    throw new CountersignError(
      'internal',
      `the word of ${word.by} on ${request.surface} does not count: ${sealed.refusal.message}`,
    );
  }
  if (released !== null && 'action' in released && released.action.status === 'released') {
    await end(world, planned, released.action, decidedAt);
  }
  return id;
}

async function end(world: World, { ending, key }: PlannedAction, action: Action, releasedAt: number): Promise<void> {
  const { tenant, caller } = world;
  const ref = { tenant, id: action.id };
  const { permit } = action;
  if (permit === null) return;
  if (ending === 'uncollected') {
    for (let time = releasedAt; ;) {
      const due = await sealOutcome(at(world, time).deps, { action: ref, outcome: null });
      if (!('wakeAt' in due)) return;
      time = due.wakeAt + LATE_MS;
    }
  }
  const redeemed = releasedAt + (ending === 'unreported' ? LATE_MS : ending.redeemed);
  const { jti = '' } = decodeJwt(permit);
  const { record } = await redeemPermit(at(world, redeemed).deps, {
    ...{ tenant, id: action.id, jti, by: caller.id },
    redeemer: createHash('sha256').update(key).digest('hex'),
    check: () => undefined,
  });
  if (ending === 'unreported') {
    await sealOutcome(at(world, Date.parse(record.reportBy) + LATE_MS).deps, { action: ref, outcome: null });
    return;
  }
  const step = at(world, releasedAt + ending.reported);
  const attestation = await step.attest({
    ...{ kind: 'outcome', tenant, action: action.id, by: caller.id, via: 'api', status: ending.status },
  });
  const reference = `ref-${createHash('sha256').update(action.id).digest('hex').slice(0, 12)}`;
  await sealOutcome(step.deps, { action: ref, outcome: { permit, status: ending.status, reference, attestation } });
}

/** The engine as it is at that time. */
function at({ deps, words }: World, time: number): { deps: EngineDeps; attest: Attestor['attest'] } {
  return { deps: { ...deps, now: () => new Date(time) }, attest: (said) => words.at(time).attest(said) };
}

/** One attestor for all times: it remembers what it attested. */
export interface Words extends Pick<Attestor, 'verify'> {
  /** For what is attested immediately. */
  at(time: number): Pick<Attestor, 'attest'>;
}

export function wordsOf(
  ...[signer, keys]: [Parameters<typeof createAttestor>[0], Parameters<typeof createAttestor>[2]]
): Words {
  let now = 0;
  const attestor = createAttestor(signer, () => now, keys);
  return {
    verify: attestor.verify,
    at(time) {
      now = time;
      return attestor;
    },
  };
}
