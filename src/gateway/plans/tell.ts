/** Tells the workflows of a step and of its plan that something was sealed. The message only makes them look; they would find it anyway. */
import { planWorkflowIdOf, workflowIdOf } from '../../engine/ids.ts';
import { lookSignal, steppedSignal } from '../../workflows/messages.ts';
import type { GatewayDeps } from '../deps.ts';

export function tellStep(
  { client, log }: Pick<GatewayDeps, 'client' | 'log'>,
  tenant: string,
  action: string,
  plan: string,
): void {
  const untold = (error: unknown): void => log.warn({ err: error, action, plan }, 'a step could not be told');
  client.workflow.getHandle(workflowIdOf(tenant, action)).signal(lookSignal).catch(untold);
  client.workflow.getHandle(planWorkflowIdOf(tenant, plan)).signal(steppedSignal).catch(untold);
}
