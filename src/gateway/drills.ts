/** Drills: planted requests that are never released, and how they ended. */
import { randomUUID } from 'node:crypto';
import { ATTENTION, attentionOf, detectionOf, type DrillResult } from '../audit/index.ts';
import { CountersignError, readRequest, type Action, type ActionRequest } from '../contract/index.ts';
import type { DrillInput, DrillReport, PlantedDrill } from '../contract/views/index.ts';
import { isEngineSurface } from '../engine/activation.ts';
import { sealInChain } from '../engine/chain.ts';
import { actionIdOf } from '../engine/ids.ts';
import type { Caller } from '../identity/index.ts';
import { drillChain, plantedBody } from '../sealing/index.ts';
import { isOwner, mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { evaluateRequest } from './evaluate.ts';

/** Drills that are named one by one. */
const LISTED_MAX = 1000;

/** Asks a request like any other. */
export type Ask = (caller: Caller, body: unknown, idempotencyKey: string) => Promise<Action>;

/**
 * Plants a request: a record says that it is a drill, then it is asked like any other.
 *
 * @throws CountersignError `forbidden`; `invalid-request`; `conflict` where policy asks nobody about it
 */
export async function plantDrill(
  deps: GatewayDeps,
  ask: Ask,
  caller: Caller,
  { request: body, missed }: DrillInput,
): Promise<PlantedDrill> {
  if (!isOwner(caller)) throw new CountersignError('forbidden', 'only an owner plants drills; use the first key');
  const request = readRequest(body);
  checkPlantable(request);
  const { verdict } = await evaluateRequest(deps, caller, body);
  if (verdict.decision !== 'supervise') {
    const why = `policy says ${verdict.decision} to it: ${verdict.reasons.join('; ')}`;
    throw new CountersignError(
      'conflict',
      `nobody would be asked about this drill, since ${why}; plant another request`,
    );
  }
  const { tenant } = caller;
  // As random as the keys of any client.
  const key = randomUUID();
  const action = actionIdOf(key);
  const { hash } = await sealInChain(deps, {
    tenant,
    type: 'drill',
    chain: drillChain(randomUUID()),
    after: null,
    at: deps.now().toISOString(),
    by: caller.id,
    reason: null,
    body: plantedBody(deps.register.drills.plant(tenant, action, missed)),
    facets: { decision: 'planted' },
  });
  await ask(caller, body, key);
  return { action, record: hash };
}

/** @throws CountersignError `invalid-request` */
function checkPlantable(request: ActionRequest): void {
  const fields = (['callback', 'execution', 'reverses'] as const).filter((field) => request[field] !== undefined);
  const errors = fields.map((field) => ({ pointer: `/request/${field}`, detail: 'a drill has none' }));
  if (isEngineSurface(request.surface))
    errors.push({ pointer: '/request/surface', detail: 'nothing of the engine’s own is planted' });
  if (errors.length > 0)
    throw new CountersignError('invalid-request', 'this request cannot be planted as a drill', { errors });
}

/** How the drills ended, who noticed and who did not. Drills that still run are not named. @throws CountersignError `forbidden` */
export async function drillReport(deps: GatewayDeps, caller: Caller): Promise<DrillReport> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner reads this report');
  const drills = [...(await deps.register.current(caller.tenant)).drills.values()];
  const over = drills.flatMap(({ opened, at: plantedAt, by: plantedBy }) =>
    opened === null ? [] : [{ ...opened, plantedAt, plantedBy }],
  );
  const results = over.flatMap(({ person, end, surface, at }): DrillResult[] =>
    person !== null && (end === 'missed' || end === 'caught') ? [{ person, end, surface, at }] : [],
  );
  return {
    open: drills.length - over.length,
    drills: over
      .map(({ at: endedAt, ...drill }) => ({ ...drill, endedAt }))
      .reverse()
      .slice(0, LISTED_MAX),
    detection: detectionOf(results).map((one) => ({ ...one, rate: rateOf(one) })),
    attention: attentionOf(results).map((one) => ({ ...one, rate: rateOf(one) })),
    parameters: { ...ATTENTION },
  };
}

const rateOf = ({ caught, missed }: { caught: number; missed: number }): number | null =>
  caught + missed === 0 ? null : caught / (caught + missed);
