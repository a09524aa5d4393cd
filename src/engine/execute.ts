/**
 * Executes a released action through a connector. Its only input is the action's id: the sealed records say what is released, to whom, and
 * whether it ended. So a caller can only cause what is due anyway, however often it asks.
 *
 * Durable writes, in order: a fresh permit where the first one ran out; the redemption, always as the same redeemer; the lease, which one process at a time
 * holds; the connector's note before each irreversible step; the outcome. A crash after any of them leads to another attempt, which reads
 * the notes.
 */
import { ENGINE_ID } from '../contract/engine-names.ts';
import { ApplicationFailure } from '@temporalio/common';
import { isCountersignError, type ActionRequest, type ExecutionFact } from '../contract/index.ts';
import { hashOf } from '../canonical/index.ts';
import type { ExecutionLease } from '../store/index.ts';
import type { Connector, ConnectorAnswer } from './connectors.ts';
import type { EngineDeps } from './deps.ts';
import { freezeReason } from './freeze.ts';
import { readLife, type Life } from './life.ts';
import { sealOwnOutcome } from './own-outcome.ts';
import { redeemPermit, releasedRequest } from './redeem.ts';
import { collectPermit } from './release.ts';
import type { ActionRef } from './types.ts';

/** How much longer than one attempt a lease lives, in milliseconds: time to note, and to seal. */
const LEASE_MARGIN_MS = 10_000;

/** Another attempt is due. Its message stands in Temporal's history in clear, so it names no value. */
const later = (message: string): ApplicationFailure =>
  ApplicationFailure.create({ message, type: 'unavailable', nonRetryable: false });

interface Work {
  life: Life;
  request: ActionRequest;
  fact: ExecutionFact;
  connector: Connector;
}

/**
 * Executes a released action, and seals how it ended. Nothing happens where nothing is released, where it ended, or where the time to
 * report is over. In the last case the next check of the action seals that nobody reported.
 *
 * @throws ApplicationFailure to be called again
 */
export async function execute(deps: EngineDeps, { action }: { action: ActionRef }): Promise<void> {
  const { tenant, id } = action;
  const work = await findWork(deps, tenant, id);
  if (work === null || !(await redeemed(deps, work))) return;
  const lease = await deps.store.executions.claim(tenant, id, work.connector.timeoutMs + LEASE_MARGIN_MS);
  if (lease === null) throw later('another process executes this action now');
  let ended = false;
  try {
    // Read again: the previous holder of the lease may have sealed the outcome.
    const held = await findWork(deps, tenant, id);
    if (held === null || !inTime(deps, held.life)) return;
    const answer = await run(deps, lease, held);
    if (answer.status === 'unknown') {
      deps.log.warn({ action: id, tenant, why: answer.why }, 'nobody can tell whether an action was executed');
      return;
    }
    if (answer.status === 'again') throw later(answer.why);
    await sealOwnOutcome(deps, { tenant, id }, proven(answer));
    ended = true;
  } finally {
    await (ended ? deps.store.executions.remove(lease) : deps.store.executions.release(lease));
  }
}

/** The released action that has not ended, or null. @throws ApplicationFailure when its connector is missing now */
async function findWork(deps: EngineDeps, tenant: string, id: string): Promise<Work | null> {
  const life = await readLife(deps, tenant, id);
  const fact = life?.verdict.facts.execution;
  if (life === null || fact === undefined || life.state.action.status !== 'released') return null;
  const { request } = await releasedRequest(deps, life);
  const connector = deps.connectors.find(tenant, request);
  if (connector === null) throw later('this process has no such connector for the surface');
  return { life, request, fact, connector };
}

const inTime = (deps: Pick<EngineDeps, 'now'>, { redemption }: Life): boolean =>
  redemption !== null && deps.now().toISOString() < redemption.reportBy;

/** Redeems the permit as the engine, at most once; false when the permit no longer counts. */
async function redeemed(deps: EngineDeps, { life, request }: Work): Promise<boolean> {
  const { tenant, id } = life.state.action;
  const freeze = await freezeReason(deps, tenant, life.state.surface, request.actor);
  if (freeze !== null) throw later('it is frozen');
  try {
    await redeemAs(deps, life, await currentPermit(deps, life));
    return true;
  } catch (error) {
    if (!isCountersignError(error) || error.status >= 500) throw error;
    if (error.code === 'frozen') throw later('it is frozen');
    // If it is withdrawn meanwhile, the next attempt finds nothing released and ends.
    if (error.code === 'permit-held') throw later('policy holds it, so that it can be withdrawn');
    deps.log.warn({ action: id, tenant, code: error.code }, 'the permit of an action is dead before it was executed');
    return false;
  }
}

/** `jti` of the permit to redeem: a fresh one, judged again, where the newest ran out and nobody redeemed it. */
async function currentPermit(deps: EngineDeps, { state, release, redemption }: Life): Promise<string> {
  if (redemption !== null) return redemption.permit.jti;
  const { tenant, id } = state.action;
  if (release === null || deps.now().toISOString() < release.permit.expiresAt) return release?.permit.jti ?? '';
  await collectPermit(deps, tenant, id);
  const fresh = await readLife(deps, tenant, id);
  return fresh?.release?.permit.jti ?? '';
}

function redeemAs(deps: EngineDeps, { state }: Life, jti: string) {
  const { tenant, id } = state.action;
  const redeemer = hashOf(['countersign execution v1', tenant, id]);
  return redeemPermit(deps, { tenant, id, jti, by: ENGINE_ID, redeemer, check: () => undefined });
}

/** One attempt. What a connector throws names addresses and values, so it is logged by its kind only. */
async function run(deps: EngineDeps, lease: ExecutionLease, work: Work): Promise<ConnectorAnswer> {
  const { request, fact, connector } = work;
  try {
    return await connector.execute({
      request,
      fact,
      key: lease.action,
      attempt: lease.attempt,
      before: lease.before,
      note: (note) => deps.store.executions.note(lease, note),
    });
  } catch (error) {
    if (isCountersignError(error)) throw later(error.message);
    const kind = error instanceof Error ? error.name : 'unknown';
    deps.log.error({ action: lease.action, tenant: lease.tenant, kind }, 'a connector failed');
    throw later('the connector failed; the operator finds when in the log');
  }
}

/** The detail that the record commits to, with the hash of the result. */
function proven(answer: Extract<ConnectorAnswer, { status: 'executed' | 'failed' }>) {
  const { status, reference, detail, result } = answer;
  const proof = result === undefined ? detail : `${detail}\nresult ${hashOf(result)}`;
  return { status, reference, detail: proof, ...(result === undefined ? {} : { result }) };
}
