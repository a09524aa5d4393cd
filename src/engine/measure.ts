import { noSuchConnector, type ActionRequest, type ExecutionFact } from '../contract/index.ts';
import type { EngineDeps } from './deps.ts';

/** Lets the request's connector measure it for judging. Its answer may be that the request can never be executed. */
export async function measured(
  deps: Pick<EngineDeps, 'connectors'>,
  tenant: string,
  request: ActionRequest,
): Promise<{ execution?: ExecutionFact | undefined; fault: string | null }> {
  const connector = deps.connectors.find(tenant, request);
  if (connector === null) return { fault: 'there is no such connector for this surface' };
  const answer = await connector.measure(request);
  return 'fault' in answer ? { fault: answer.fault } : { execution: answer.fact, fault: null };
}

/** @throws CountersignError `invalid-request` for a request whose connector this engine does not have */
export function checkConnector(
  deps: Pick<EngineDeps, 'connectors'>,
  tenant: string,
  request: Pick<ActionRequest, 'surface' | 'action' | 'execution'>,
): void {
  if (request.execution !== undefined && deps.connectors.find(tenant, request) === null) throw noSuchConnector();
}
