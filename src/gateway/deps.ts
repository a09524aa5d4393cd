import type { Client } from '@temporalio/client';
import type { Stopping } from '../availability/index.ts';
import type { Alarm } from '../notify/alarm.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { EngineDeps } from '../engine/deps.ts';
import type { Judging } from '../activities/judging.ts';
import type { PeopleTelling } from '../activities/telling.ts';
import type { WebhookTargets } from '../notify/webhook-target.ts';
import type { Caller, PublicKeys, Signals, SignIn } from '../identity/index.ts';
import type { Keys } from '../keys/index.ts';
import type { FindingWatch, LogWatch, ReadModel } from '../projection/index.ts';
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
  | 'attestor'
  | 'passkeys'
  | 'connectors'
  | 'oncall'
  | 'issuer'
> {
  client: Client;
  /** Countersign's version, which exports name. */
  version: string;
  taskQueue: string;
  /** Judges what this process starts: no worker is needed for a verdict. */
  judging: Judging;
  /** Tells people what this process has judged and waits for them. Left out where no worker runs beside it: the workflow tells them. */
  telling?: Pick<PeopleTelling, 'begin'>;
  /** Delay of a workflow's first task in milliseconds, so that this process can judge the request itself. */
  startDelayMs: number;
  /** Whether visibility is told tenant, surface and status of each action; not when left out. */
  searchAttributes?: boolean;
  /** Whether denials of AuthZEN may be asked for (Access Request and Approval Profile, a draft); not when left out. */
  accessRequests?: boolean;
  /** Ends long polls when the process stops. Left out, nothing ends them early. */
  stopping?: Stopping;
  /** Where callbacks may go; the public internet only when left out. */
  webhookTargets?: WebhookTargets;
  /** Public halves of the stack's attestation keys, read each time, so that a rotation counts immediately. */
  attestationKeys: () => PublicKeys;
  authenticate(authorization: string | undefined): Promise<Caller>;
  /** Reads the log: checkpoints, tiles, entries, receipts. */
  logReader: LogReader;
  /** The read model. */
  readModel: ReadModel;
  /** What the finance tests find in it. */
  findingWatch: FindingWatch;
  /** Whether the logs verify. */
  logWatch: LogWatch;
  keys: Keys;
  /** Where people sign in. */
  signIn: SignIn;
  signals: Signals;
  /** Alarms the operators of the stack. Never throws. */
  alarm: Alarm;
  /** Tells the people of a tenant in Slack; null where nobody does. */
  notifier(tenant: string): Notifier | null;
}
