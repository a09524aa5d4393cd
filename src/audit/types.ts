/** What a finance test looks at, and what it finds. */

/** One governed action, as its sealed records say: times are RFC 3339 UTC, amounts exact decimals. */
export interface AuditedAction {
  action: string;
  firstIndex: number;
  askedAt: string;
  decidedAt: string | null;
  releasedAt: string | null;
  redeemedAt: string | null;
  expiresAt: string | null;
  reviewDueAt: string | null;
  reviewedAt: string | null;
  surface: string;
  actor: string;
  requester: string;
  resource: string | null;
  status: string;
  releaseBasis: string | null;
  approver: string | null;
  delegatedFrom: string | null;
  extended: boolean;
  changed: boolean;
  waitMs: number | null;
  amount: string | null;
  currency: string | null;
  reason: string | null;
  /** Everybody on the actor's side, and everybody who was asked to decide. */
  involved: readonly string[];
}

/** What a test needs to know beside the actions. */
export interface AuditContext {
  /** Amounts at which the policy of a surface changes its answer, ascending, exact decimals. */
  tiers: ReadonlyMap<string, readonly string[]>;
  /** IANA zones of people; `zone` for everybody else. */
  zones: ReadonlyMap<string, string>;
  zone: string;
  /** Days on which nobody works, `YYYY-MM-DD`. */
  holidays: ReadonlySet<string>;
  /** RFC 3339: what is not done by then is late. */
  now: string;
}

/** Something that a person should look at. It is a question, not a verdict. */
export interface AuditFinding {
  test: string;
  version: number;
  /** Of the period, in the order of time. */
  actions: string[];
  figures: Record<string, string | number>;
  /** In one sentence. */
  sentence: string;
}

type Params = Readonly<Record<string, number>>;

/** A finance test: pure, so that the same actions give the same findings, anywhere and next year. */
export interface AuditTest<P extends Params = Params> {
  name: string;
  version: number;
  /** The test's question, for readers of the result. */
  question: string;
  /** It compares actions that may lie far apart, so those of the previous period are examined as well. */
  across?: true;
  /** Parameters unless others are given. */
  defaults: P;
  /** @param actions in the order in which they were asked for */
  run(actions: readonly AuditedAction[], params: P, context: AuditContext): AuditFinding[];
}
