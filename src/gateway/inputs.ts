/** Inputs of the gateway's methods. */
import type { ActionRequest, JsonObject } from '../contract/index.ts';
import type { SigningUse } from '../sealing/index.ts';

export interface RedeemInput {
  permit: string;
  /** The caller's random text. The same text gets the same answer again until the outcome is sealed. */
  redeemer?: string | undefined;
  /** The request about to be executed; refused when it is not the one the permit was made for. */
  request?: ActionRequest | undefined;
  requestHash?: string | undefined;
  /** The surface the executor serves; it must be the permit's audience. */
  audience?: string | undefined;
}

export interface ReviewInput {
  /** Whether the emergency justified it. */
  right: boolean;
  reason: string;
}

export interface ApiKeyInput {
  /** Globs. */
  surfaces: string[];
  /** Exact actor ids. */
  actors: string[];
  /** Roles and groups that it vouches for its actors to have. */
  roles: string[];
  groups: string[];
  /** Whether it may say where values of its requests came from. */
  provenance: boolean;
}

export interface FreezeInput {
  /** Also freezes a surface that no policy covers, and an actor that nobody knows. */
  unknown?: boolean | undefined;
  scope: 'tenant' | 'surface' | 'actor';
  /** The surface or actor; left out for the whole tenant. */
  value?: string | undefined;
  reason: string;
}

export interface DelegateInput {
  /** Directory id of the stand-in. */
  to: string;
  /** Globs; everything by default. */
  surfaces?: string[] | undefined;
  /** RFC 3339. */
  until: string;
}

/** `PublicKeyCredentialCreationOptionsJSON` of WebAuthn level 3. */
export type PasskeyOptions = object;

export interface DecisionOptions {
  /** What is decided (docs/formats.md): the challenge in the options is its hash. */
  statement: JsonObject;
  /** `PublicKeyCredentialRequestOptionsJSON` of WebAuthn level 3. */
  options: object;
}

export interface RotateKeyInput {
  use: SigningUse;
  /** Where the next key is, in the form of the setting (docs/keys.md); the setting's value by default. */
  signer?: string | undefined;
  reason: string;
  /** Of a log key: days for which the replaced one signs beside it. */
  besideDays?: number | undefined;
}

export interface RevokeKeyInput {
  kid: string;
  reason: string;
  /** Index of the first entry at which the key's signatures no longer count; the next entry by default. */
  from?: number | undefined;
}

/** What a decision through Slack brings beside the person. */
export interface SlackEvidence {
  slack: { workspace: string; user: string; channel: string; message: string };
  shown: { hash: string; renderer: string } | null;
  /** It was shown in a list with others, which says no more of it than any other door does. */
  offered?: true;
  /** Whether it was read to its end: the form of an action has pages. */
  whole?: boolean;
  /** The sentence of responsibility that they were shown, where they approve. */
  responsibility?: string | null;
}

export interface StartTokenInput {
  idempotencyKey: string;
  request: unknown;
}

export interface TenantInput {
  name: string;
  reason?: string | undefined;
}
