import type { PublicJwk, Signer } from '../sealing/index.ts';
import type { CompiledBundle } from '../policy/index.ts';
import type { Attestor, Caller, DirectorySource, OnCall } from '../identity/index.ts';
import type { Keys } from '../keys/index.ts';
import type { Register } from '../register/index.ts';
import type { Sequencer } from '../sequencer/index.ts';
import type { Store } from '../store/index.ts';
import type { AlertType, EventType } from '../contract/index.ts';
import type { GovernedActionInput } from '../contract/governed-action.ts';
import type { Advisers } from './advisers.ts';
import type { Connectors } from './connectors.ts';
import type { Hub } from './hub.ts';
import type { Programs } from './programs.ts';

/** The policy bundles of every tenant, compiled once each. */
export interface PolicyBundles {
  /** Hash of the bundle in force, or null when the tenant has none. */
  inForce(tenant: string): Promise<string | null>;
  /** The bundle with exactly this hash, or null when there is no such bundle. Never an altered one. */
  compiled(tenant: string, hash: string): Promise<CompiledBundle | null>;
  /** Judges by a bundle whose policies may be programs. */
  asking: Programs['asking'];
}

/** One secret, or several during a rotation, until all receivers know the new one. */
export type WebhookSecret = string | readonly string[];

/** Where notifications of a tenant go, from the settings file. */
/** A plain Standard Webhook, or one whose body is a CloudEvent (CloudEvents 1.0, structured mode). */
export type WebhookFormat = 'standard' | 'cloudevents';

export interface WebhookEndpoint {
  /** As policy names it: `webhook:NAME`. */
  name: string;
  tenant: string;
  url: string;
  /** Base64, with or without `whsec_`, each signing while one is replaced; undefined for the stack's own. */
  secret: WebhookSecret | undefined;
  /** The events that are sent to it; null for all. */
  events: readonly (EventType | AlertType)[] | null;
  /** Gets the events of every action, whatever policy says. */
  always: boolean;
  /** How its messages are written; both are signed as Standard Webhooks. */
  format: WebhookFormat;
}

export interface EngineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The keys that a tenant signs with, and those that check its permits. */
export interface TenantSigners {
  readonly record: Signer;
  readonly permit: Signer;
  /** Keys that may have signed the record at entry `index` of the log. */
  recordKeysAt(index: number): readonly PublicJwk[];
  /** Keys that a permit which has not expired may be signed with. */
  readonly permitKeys: readonly PublicJwk[];
  /** All keys that ever signed permits, without the revoked ones. */
  readonly allPermitKeys: readonly PublicJwk[];
}

/** Temporal's histories of governed actions. */
export interface Histories {
  /** Whether the action's workflow is still open. */
  running(tenant: string, id: string): Promise<boolean>;
  /** Starts the action's workflow again from its records. Does nothing while one runs. */
  resume(tenant: string, id: string): Promise<void>;
  /** Starts the workflow of a step that was asked in a plan. Does nothing where it was started. */
  start(input: GovernedActionInput, id: string): Promise<void>;
  /** Restarts the workflow of a plan from the records of its steps. Does nothing while one runs. */
  resumePlan(tenant: string, plan: string): Promise<void>;
  /** Deletes the history of a closed workflow. Does nothing when there is none. */
  delete(tenant: string, id: string): Promise<void>;
}

/** Where passkeys are made and used: one origin, and the relying party of its name (WebAuthn level 3, section 5.4.2). */
export interface PasskeySite {
  /** Such as `https://countersign.example.com`. */
  origin: string;
  rpId: string;
}

/** Everything concrete that the engine works with; made in `main`. */
export interface EngineDeps {
  store: Store;
  sequencer: Sequencer;
  /** Everything that grants or stops, by its sealed records. */
  register: Register;
  bundles: PolicyBundles;
  directory: DirectorySource;
  /** `iss` of every permit. */
  issuer: string;
  /** Read at each use: keys rotate. */
  signers(tenant: string): TenantSigners;
  authenticate(token: string): Promise<Caller>;
  attestor: Attestor;
  /** Signs people's sealed statements. Read at each use: the key rotates. */
  attestation(): Signer;
  /** MACs of a text, the current key's first. A row that carries one was written by this engine. */
  commitments: Keys['commitments'];
  /** The plaintext of a JWE to the stack's start key, or null. */
  openStart(jwe: string): Promise<Uint8Array | null>;
  hub: Hub;
  endpoints: readonly WebhookEndpoint[];
  /** The engine executes actions through these. */
  connectors: Connectors;
  /** The owner's reviewing services. */
  advisers: Advisers;
  /** Who is on call. */
  oncall: OnCall;
  /** Null where the stack has no configured address; then no passkey counts. */
  passkeys: PasskeySite | null;
  log: EngineLog;
  now(): Date;
}
