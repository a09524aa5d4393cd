import type { Clock } from './clock.ts';
import type { Json, JsonObject } from './json.ts';

/** A person (or bot) that the sandbox can act as. */
export interface SandboxUser {
  /** Slack user id: `U…` or `W…`. */
  id: string;
  /** Handle, without `@`. */
  name: string;
  realName: string;
  email: string;
  /** Deactivated: keeps its id, cannot be found by e-mail, messaged or acted as. */
  deleted?: boolean;
  isBot?: boolean;
  /** A guest. */
  isRestricted?: boolean;
  /** A guest of a single channel. */
  isUltraRestricted?: boolean;
  /** Default true: Slack has seen that the address is theirs. */
  emailConfirmed?: boolean;
  /** Another workspace's id makes this a Slack Connect stranger. Default: the sandbox's own. */
  teamId?: string;
  /** IANA time zone, in which `<!date^…>` is shown to this user. */
  tz: string;
}

/** A channel to make at start; a plain string is a public channel the app was invited to. */
export interface SandboxChannelOption {
  name: string;
  isPrivate?: boolean;
  /** Default true. False: posting answers `not_in_channel` until `conversations.join`. */
  appIsMember?: boolean;
  /** User ids. Default: everybody who is not deactivated. */
  members?: string[];
}

export interface SandboxOptions {
  users: SandboxUser[];
  channels?: (string | SandboxChannelOption)[];
  workspace?: { id: string; name: string };
  /** Display name of the app. */
  appName?: string;
  botToken?: string;
  appToken?: string;
  signingSecret?: string;
  /** Scopes of the bot token; default `DEFAULT_SCOPES`. */
  scopes?: string[];
  /** Bot events the app subscribed to; default `DEFAULT_EVENTS`. */
  events?: string[];
  /** Where signed HTTP payloads go; not used while a Socket Mode client is connected. */
  requestUrl?: string;
  /** JSON lines; with it, messages, homes and channel memberships survive a restart. */
  stateFile?: string;
  /** Also refuse what Slack only warns of (blocks without a `text` fallback). Default true. */
  strict?: boolean;
  clock?: Clock;
  /** Path at which the router is mounted, for links. Default `/slack-sandbox`. */
  basePath?: string;
  /** Host names, besides loopback ones, under which the page may be opened. */
  allowedHosts?: string[];
}

export interface SandboxChannel {
  id: string;
  name: string;
  isPrivate: boolean;
  isIm: boolean;
  /** The person on the other side of an IM. */
  imUser?: string;
  appIsMember: boolean;
  members: string[];
  created: number;
}

/** One message; `ts` is its id within the channel. */
export interface SandboxMessage {
  channel: string;
  ts: string;
  user: string;
  botId?: string;
  text: string;
  blocks: JsonObject[];
  metadata?: JsonObject;
  threadTs?: string;
  edited?: { user: string; ts: string };
  /** Set on an ephemeral: the only user who sees it. */
  ephemeralTo?: string;
  /** What the app put below links in it. */
  unfurls?: { url: string; blocks: JsonObject[] }[];
  reactions: { name: string; users: string[] }[];
  /** Earlier blocks, newest last: what a person who has not seen the update may still click. */
  revisions: JsonObject[][];
}

/** `{ blockId: { actionId: value } }` as in `state.values`. */
export type StateValues = Record<string, Record<string, JsonObject>>;

/** A modal or Home tab as it stands on one user's screen. */
export interface SandboxView {
  id: string;
  type: 'modal' | 'home';
  user: string;
  hash: string;
  title?: JsonObject;
  submit?: JsonObject;
  close?: JsonObject;
  blocks: JsonObject[];
  privateMetadata: string;
  callbackId: string;
  externalId: string;
  clearOnClose: boolean;
  notifyOnClose: boolean;
  rootViewId: string;
  previousViewId: string | null;
  values: StateValues;
  /** Field errors under the inputs, by block id. */
  errors: Record<string, string>;
}

/** One call of the Web API, as it was answered. */
export interface ApiCall {
  at: number;
  method: string;
  /** Without the token. */
  args: JsonObject;
  status: number;
  result: JsonObject;
}

export type DeliveryKind = 'interaction' | 'command' | 'event';

/** What became of one payload sent to the app. */
export interface Delivery {
  kind: DeliveryKind;
  transport: 'http' | 'socket' | 'none';
  at: number;
  payload: JsonObject;
  headers: Record<string, string>;
  /** HTTP status; 200 for a Socket Mode ack; 0 when there was no answer. */
  status: number;
  /** The answer's text (Socket Mode: the JSON of the ack's payload, or empty). */
  body: string;
  /** Milliseconds until the answer, by the sandbox's clock. */
  ackMs: number;
  error?: 'timeout' | 'unreachable' | 'no_app';
  /** Injected fault, if any. */
  fault?: string;
}

/** An error a person sees on the screen, as Slack shows it. */
export interface ScreenProblem {
  at: number;
  user: string;
  text: string;
}

export type { Json, JsonObject };
