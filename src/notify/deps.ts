import type { EngineDeps } from '../engine/deps.ts';
import type { Notifier } from './notifier.ts';
import type { WebhookSender } from './webhook-sender.ts';

/** The dependencies for telling people, beside those of the engine. */
export interface NotifyDeps extends EngineDeps {
  /** Null where no Slack is configured for the tenant: API, command line and console still decide. */
  notifier(tenant: string): Notifier | null;
  webhooks: WebhookSender;
  /** Where people open the console; null when there is none. */
  consoleUrl: string | null;
}
