/** The port to people. Slack implements it, and `main` passes it in. Types, and the one error that it throws. */
import type { ApprovalMessage } from './approval-message.ts';
import type { PlanMessage } from './plan-message.ts';

export type * from './approval-message.ts';

/** One message about an action in Slack, named by `(workspace, channel, ts)`. */
export interface PostedMessage {
  workspace: string;
  /** As Slack answered: for a direct message its `D…` id. */
  channel: string;
  ts: string;
  kind: 'channel' | 'dm';
  /** Directory id of the person it was sent to; null for a channel. */
  person: string | null;
  /** Revision of the action that it shows. */
  revision: number;
  /** Hash of exactly what it shows. */
  shownHash: string;
}

/** What is about to be posted. */
export interface Post extends Pick<PostedMessage, 'kind' | 'person'> {
  /** A channel as policy writes it, the `D…` id of a direct message, or the directory id of the person who gets it. */
  place: string;
}

/** What was about to be posted, and may have been. */
export interface LostPost extends Post {
  /** The message carries it. */
  id: string;
  /** When it was begun, in milliseconds since the epoch. */
  at: number;
}

/** How long after its beginning a post may still land, in milliseconds: much more than a call of Slack takes, also in a process that is stopped. */
export const LANDS_MS = 10 * 60_000;

/** Keeps what is posted about one subject, and where, so that no message is lost. */
export interface PostKeeper {
  /** Called before a message is posted. Returns the id that the message carries, by which it can be found again. */
  begin(post: Post): Promise<string>;
  /** Nothing was posted. */
  refused(id: string): Promise<void>;
  /**
   * Called with each message as soon as it is there. Store it first, because a click may follow immediately.
   *
   * @param id what {@link begin} returned for it, where it was posted now
   */
  done(message: PostedMessage, id?: string): Promise<void>;
}

/** A person or channel that cannot be told, and why. It is never a reason to fail the request. */
export interface Unreachable {
  /** Directory id, or a channel as policy writes it. */
  person: string;
  /** In words, for the message: `is deactivated in Slack`. */
  why: string;
}

export interface Announced {
  /** All messages of the action, including earlier ones. */
  posted: PostedMessage[];
  unreachable: Unreachable[];
}

/** One line in the thread of a message. */
export interface ThreadEvent {
  /** Unique within the action: the same event is written once. */
  id: string;
  kind:
    | 'asked'
    | 'reminder'
    | 'warning'
    | 'escalated'
    | 'approved'
    | 'refused'
    | 'returned'
    | 'answered'
    | 'extended'
    | 'expired'
    | 'cancelled'
    | 'released'
    | 'executed'
    | 'failed'
    | 'skipped'
    | 'unreported'
    | 'lapsed'
    | 'frozen'
    | 'thawed'
    | 'break_glass'
    | 'granted'
    | 'grant_given'
    | 'grant_revoked'
    | 'review_overdue'
    | 'reviewed';
  /** Display name of who did it; null for the clock. */
  by: string | null;
  /** One sentence, such as the reason; null when the kind says it all. */
  detail: string | null;
  /** The deadline in the event, seconds since the epoch; null when there is none. */
  until: number | null;
  /** Directory ids of people who are asked for something. They are mentioned, so that it reaches them. `detail` then names them. */
  people?: string[];
  /** The standing approval in force that the line is about. It can be ended from here. */
  grant?: string;
}

/** Events that close the question for everybody who was asked. Executors' reports are not among them. */
export const CLOSING_EVENTS: ReadonlySet<ThreadEvent['kind']> = new Set([
  'approved',
  'refused',
  'expired',
  'cancelled',
  'frozen',
  'thawed',
]);

/** A direct message to one person, such as the requester. */
export interface Notice {
  /** Unique within the person: the same notice is sent once. */
  id: string;
  tenant: string;
  action: string;
  headline: string;
  lines: string[];
  /** The deadline in the notice, seconds since the epoch; null or left out when there is none. */
  until?: number | null;
  consoleUrl: string | null;
}

/** Several actions in one message. */
export interface DigestMessage {
  /** By deadline. */
  items: ApprovalMessage[];
  consoleUrl: string | null;
}

/** Where a digest is shown. */
export interface DigestPlace {
  /** A channel as policy writes it, or a directory id. */
  target: string;
  /** The message to edit; left out to post a new one. */
  posted?: PostedAt;
  /** The id that a new one carries. */
  id?: string;
}

export type PostedAt = Pick<PostedMessage, 'workspace' | 'channel' | 'ts'>;

/** Announces several actions in one message. */
export interface DigestNotifier {
  /** Posts it, or edits it to show the current state. Returns why it cannot be posted there, or null. @throws NotifierUnavailable */
  show(message: DigestMessage, place: DigestPlace): Promise<PostedAt | { why: string }>;
  /** Why a person could not act here even if they saw a message; null where they could. @throws NotifierUnavailable */
  absence(person: string): Promise<string | null>;
  /** Whether a message about one action was posted here. */
  owns(message: PostedMessage): boolean;
}

/** Tells people. Every method is idempotent, except that a post whose answer was lost may be repeated. */
export interface Notifier {
  /**
   * Makes every message of the action show `message`: posts what is missing, edits what shows an older revision, leaves alone what
   * already shows this one or a newer one.
   *
   * @param posted What is known to be posted already.
   * @param keeper Stores what is posted. Left out where nobody edits it later.
   * @param gathered The people whom the digest that announces the action cannot reach. A notifier with `digests` posts nothing itself then.
   * @throws NotifierUnavailable when Slack cannot be used now; what was done until then has the keeper, and is in the error.
   */
  post(
    message: ApprovalMessage,
    posted: readonly PostedMessage[],
    keeper?: PostKeeper,
    gathered?: Unreachable[],
  ): Promise<Announced>;
  /** As `post`, for a plan: one message with all of its steps. @throws NotifierUnavailable */
  postPlan(message: PlanMessage, posted: readonly PostedMessage[], keeper?: PostKeeper): Promise<Announced>;
  /**
   * Looks for messages that were posted, but nobody knows where. Left out where nothing can be looked for.
   *
   * @returns the places of those that are there, by the ids of their posts
   * @throws NotifierUnavailable
   */
  find?: (lost: readonly LostPost[]) => Promise<Map<string, PostedAt>>;
  /** Left out where each action gets a separate message. */
  digests?: DigestNotifier;
  /** Writes one event into the threads of `posted`. @throws NotifierUnavailable */
  thread(posted: readonly PostedMessage[], event: ThreadEvent): Promise<void>;
  /** Sends a person a direct message. Returns why it cannot be sent, or null. @throws NotifierUnavailable */
  tell(person: string, notice: Notice): Promise<Unreachable | null>;
}

/** Slack cannot be used now. Wait as long as it says, then repeat the call. Nothing is lost. */
export class NotifierUnavailable extends Error {
  /** Milliseconds; Slack's own `Retry-After` where it gave one. */
  readonly retryAfterMs: number;
  /** True when waiting does not help, because somebody must fix a token or a scope. */
  readonly configuration: boolean;
  /** True when the last message may be posted nevertheless. */
  readonly doubtful: boolean;
  /** All messages that were posted so far, including earlier ones. */
  readonly posted: readonly PostedMessage[];

  constructor(
    message: string,
    options: {
      retryAfterMs: number;
      configuration?: boolean;
      doubtful?: boolean;
      posted?: readonly PostedMessage[];
      cause?: unknown;
    },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'NotifierUnavailable';
    this.retryAfterMs = options.retryAfterMs;
    this.configuration = options.configuration ?? false;
    this.doubtful = options.doubtful ?? false;
    this.posted = options.posted ?? [];
  }
}
