import type { ActionRequest } from './request.ts';

/** Set by the codec on what came unencrypted, whatever the sender says. */
export interface ArrivedInClear {
  arrivedInClear?: boolean;
}

/** Input of the workflow, the same for every SDK. */
export interface GovernedActionInput extends ArrivedInClear {
  request: ActionRequest;
  tenant: string;
  idempotencyKey: string;
  /** A start token (`POST /v1/start-tokens`); where nobody else can read the input, an API key too. Without a valid one the action is refused. */
  token: string;
}

/** The same input, encrypted to the key with `use: enc` at `/.well-known/jwks.json`: a compact JWE of its JSON. */
export interface EncryptedActionInput {
  jwe: string;
}

/** Input of a workflow that resumes an action whose workflow was lost. Everything else is in its records. */
export interface ResumeInput {
  resume: true;
  tenant: string;
}

export const GOVERNED_ACTION = 'governedAction';
