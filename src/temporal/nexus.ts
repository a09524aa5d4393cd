/** The Nexus service `countersign`, for workflows of other namespaces. Plain values, so that workflows can import it. */
import type { Action, ActionRequest } from '@countersign/client';
import { operation, service } from 'nexus-rpc';

/** With a start token, or as a JWE to the engine's published key (`use: enc`). */
export type CountersignAsk =
  { request: ActionRequest; tenant: string; idempotencyKey: string; token: string } | { jwe: string };

/** The executor fetches the permit over HTTP, so it is in no history. */
export type CountersignAnswer = Pick<Action, 'id' | 'status'>;

/** `createNexusServiceClient({ endpoint, service: countersignService }).executeOperation('ask', …)` */
export const countersignService = service('countersign', { ask: operation<CountersignAsk, CountersignAnswer>() });
