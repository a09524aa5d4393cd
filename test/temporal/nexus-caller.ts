/** A workflow of another namespace, which asks through Nexus. */
import { createNexusServiceClient } from '@temporalio/workflow';
import { countersignService, type CountersignAnswer, type CountersignAsk } from '../../src/temporal/nexus.ts';

export async function asking(endpoint: string, ask: CountersignAsk): Promise<CountersignAnswer> {
  return createNexusServiceClient({ endpoint, service: countersignService }).executeOperation('ask', ask, {
    scheduleToCloseTimeout: '10 minutes',
  });
}
