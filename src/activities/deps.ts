import type { JsonObject } from '../contract/index.ts';
import type { Signer } from '../sealing/index.ts';
import type { CompiledBundle } from '../policy/index.ts';
import type { Caller, DirectorySource } from '../identity/index.ts';
import type { Sequencer } from '../sequencer/index.ts';
import type { Store } from '../store/index.ts';
import type { Hub } from './hub.ts';
import type { Notifier } from './notifier.ts';

/** The policy bundles of every tenant, compiled once each. */
export interface BundleSource {
  /** Hash of the bundle in force, or null when the tenant has none. */
  inForce(tenant: string): Promise<string | null>;
  /** The bundle with exactly this hash, or null when there is no such bundle. Never an altered one. */
  compiled(tenant: string, hash: string): Promise<CompiledBundle | null>;
}

/** Tells a caller's server of a change (Standard Webhooks). */
export interface CallbackSender {
  send(input: { tenant: string; url: string; messageId: string; body: JsonObject }): Promise<void>;
}

export interface EngineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Everything concrete that the activities work with; made in `main`. */
export interface ActivityDeps {
  store: Store;
  sequencer: Sequencer;
  bundles: BundleSource;
  directory: DirectorySource;
  /** `iss` of every permit. */
  issuer: string;
  signers(tenant: string): { record: Signer; permit: Signer };
  authenticate(token: string): Promise<Caller>;
  attestationKeys(): readonly object[];
  hub: Hub;
  /** Null where no Slack is configured: API, command line and console still decide. */
  notifier: Notifier | null;
  callbacks: CallbackSender;
  /** Where people open the console; null when there is none. */
  consoleUrl: string | null;
  log: EngineLog;
  now(): Date;
}
