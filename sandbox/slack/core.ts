import type { Clock } from './clock.ts';
import type { Deliverer } from './delivery/deliver.ts';
import type { Faults } from './faults.ts';
import type { ResponseUrls } from './response-urls.ts';
import type { Triggers } from './triggers.ts';
import type { ApiCall, Delivery, ScreenProblem, StateValues } from './types.ts';
import type { World } from './world.ts';

/** What a Web API client must know. */
export interface Credentials {
  botToken: string;
  appToken: string;
  signingSecret: string;
}

/** Everything one sandbox consists of; handed to each part of it. */
export interface Core {
  readonly clock: Clock;
  readonly world: World;
  readonly faults: Faults;
  readonly triggers: Triggers;
  readonly responseUrls: ResponseUrls;
  readonly deliverer: Deliverer;
  readonly credentials: Credentials;
  readonly strict: boolean;
  readonly allowedHosts: string[];
  /** Scopes of the bot token; may be changed while running. */
  scopes: Set<string>;
  /** Bot events the app is subscribed to. */
  events: Set<string>;
  /** What a user has chosen in a message's menus so far, by `channel/ts/user`, as Slack's clients keep it. */
  readonly drafts: Map<string, StateValues>;
  readonly calls: ApiCall[];
  readonly deliveries: Delivery[];
  readonly problems: ScreenProblem[];
  /** Where the sandbox is mounted, without a trailing slash: `http://127.0.0.1:8787/slack-sandbox`. */
  url(): string;
  /** A single-use ticket for a Socket Mode connection. */
  socketTicket(): string;
}

/** Calls and problems kept for looking at. */
const KEEP = 5000;

/** Appends to a log that forgets its oldest lines. */
export function remember<T>(log: T[], entry: T): void {
  log.push(entry);
  if (log.length > KEEP) log.splice(0, log.length - KEEP);
}

/** Notes an error that a person sees. */
export function showProblem(core: Core, user: string, text: string): void {
  remember(core.problems, { at: core.clock.now(), user, text });
  core.world.changed();
}
