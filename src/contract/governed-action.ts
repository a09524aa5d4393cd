import type { PlanRequest } from './plan.ts';
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
  /** For a step of a plan: keyed hash of the plan's body, in place of the step's own. */
  mac?: string;
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

/** Input of the workflow of a plan: what was asked, and the gateway's word on who asked it. */
export interface PlanInput extends ArrivedInClear {
  tenant: string;
  /** `pln_…` */
  plan: string;
  /** The steps that are asked for, with the rules of the plan. */
  body: PlanRequest;
  /** Number of the first step, when the steps join an open plan. */
  at?: number;
  /** Attestation of the gateway. */
  token: string;
  /** Keyed hash of the body. */
  mac: string;
}

/** Input of a plan's workflow that is restarted: everything else is in the records of its steps. */
export interface PlanResumeInput {
  resume: true;
  tenant: string;
  plan: string;
}

export const PLAN_WORKFLOW = 'plan';
