import type { ActionRequest } from './request.ts';

/** Input of the workflow, the same for every SDK. */
export interface GovernedActionInput {
  request: ActionRequest;
  tenant: string;
  idempotencyKey: string;
  /** An API key, or the gateway's own start attestation. Without a valid one the action is refused. */
  token: string;
}

export const GOVERNED_ACTION = 'governedAction';
