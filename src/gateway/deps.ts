import type { Client } from '@temporalio/client';
import type { EngineDeps } from '../engine/deps.ts';
import type { Judging } from '../activities/judging.ts';
import type { WebhookTargets } from '../notify/webhook-target.ts';
import type { Attestor, Caller } from '../identity/index.ts';
import type { Keys } from '../keys/index.ts';
import type { LogReader } from '../sequencer/index.ts';

export interface GatewayDeps extends Pick<
  EngineDeps,
  | 'store'
  | 'sequencer'
  | 'register'
  | 'bundles'
  | 'directory'
  | 'hub'
  | 'log'
  | 'now'
  | 'signers'
  | 'passkeys'
  | 'issuer'
> {
  client: Client;
  taskQueue: string;
  /** Of the worker in this process on the same native connection: workflows are started eagerly on it. Null where there is none. */
  judging: Judging | null;
  /** Where callbacks may go; the public internet only when left out. */
  webhookTargets?: WebhookTargets;
  attestor: Attestor;
  authenticate(authorization: string | undefined): Promise<Caller>;
  evidence: LogReader;
  keys: Keys;
}
