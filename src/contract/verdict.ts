import { z } from 'zod';
import { jsonObject } from './request.ts';

/** What policy said, from the least to the most strict. */
export const VERDICT_DECISIONS = ['approve', 'constrain', 'supervise', 'refuse'] as const;
export type VerdictDecision = (typeof VERDICT_DECISIONS)[number];

export const BASES = [
  'rule',
  'silence',
  'unclear',
  'limit',
  'plan',
  'break_glass',
  'error',
  'refused_before',
  'grant',
] as const;
export type Basis = (typeof BASES)[number];

/** What an action does to the world, from what leaves no trace to what nothing takes back. */
export const EFFECT_KINDS = ['read', 'reversible', 'compensable', 'irreversible'] as const;
export type EffectKind = (typeof EFFECT_KINDS)[number];

export const MODES = ['enforce', 'observe'] as const;
export type Mode = (typeof MODES)[number];

export const verdictSchema = z
  .strictObject({
    decision: z.enum(VERDICT_DECISIONS),
    basis: z.enum(BASES),
    bundle: z.string().nullable().meta({ description: 'Hash of the policy bundle in force, `sha256:…`.' }),
    policy: z.string().nullable(),
    rule: z.string().nullable(),
    reasons: z.array(z.string()),
    mode: z.enum(MODES),
    changes: jsonObject.nullable().meta({
      description: 'For `constrain`: dotted request paths and the values that replace them.',
    }),
  })
  .meta({ id: 'Verdict' });
export type Verdict = z.infer<typeof verdictSchema>;

/** The state of a limit at the time of the verdict. Amounts are exact decimal strings. */
export interface LimitFact {
  /** `policy/limit` */
  limit: string;
  /** Values of the key fields, in the policy's order. */
  key: string[];
  /** Already reserved inside the window, without this action. */
  used: string;
}

/**
 * What is known of the actor, or of somebody it acts for. Policy sees these roles and groups, and none that a request merely claims;
 * `*` in place of a list's names: whatever the request claims, because the credential vouches for it.
 */
export interface IdentityFact {
  id: string;
  /** `unverified`: a `user` that the directory does not have. `unlisted`: an agent or service that it does not have. */
  standing: 'directory' | 'unverified' | 'unlisted';
  /** Whether the caller's credential may speak for it; where not, the caller merely claims that it stands behind the request. */
  spokenFor: boolean;
  /** Of an agent or service: the active person of the directory who answers for it, if any. */
  owner: string | null;
  roles: string[];
  groups: string[];
  /** In a record: salted commitment to the roles and groups that were claimed and that nobody vouches for; null where there are none. */
  claimed: string | null;
}

/** What one table would lose or gain, as it was counted. */
export interface TableFact {
  /** With its schema. */
  table: string;
  inserted: number;
  updated: number;
  deleted: number;
}

/** `public.orders: 14 updated` */
export const rowsInWords = (tables: readonly TableFact[]): string =>
  tables
    .map(({ table, ...counts }) => {
      const said = Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
      return `${table}: ${said.join(', ')}`;
    })
    .join('; ') || 'nothing';

/**
 * How the engine itself would execute a request. What is counted comes from a try that was rolled back: the request cannot say it.
 * Connectors without a database have the first two alone.
 */
export interface ExecutionFact {
  connector: string;
  /** Hash of the connector's settings, which hold references to secrets and no secret. */
  settings: string;
  /** What kind of statement it is: `select`, `insert`, `update`, `delete` or `merge`. */
  statement?: string;
  /** Kinds of change that stand anywhere in it, sorted, each once. */
  writes?: string[];
  /** Rows that were counted, in all tables: cascades, triggers and functions as well. */
  inserted?: number;
  updated?: number;
  deleted?: number;
  /** The three together. */
  rows?: number;
  /** By table, sorted. */
  tables?: TableFact[];
}

/** A human's no to the same effect, which still stands. */
export interface RefusalFact {
  /** The policy by whose word the two requests are one effect. */
  policy: string;
  /** Id of the action that was refused. */
  action: string;
  /** Hash of the decision's record. */
  record: string;
  /** Directory id of who said no last, when, and why. */
  by: string;
  at: string;
  reason: string | null;
  /** Until when it stands, RFC 3339. */
  until: string;
  /** Who was asked then, and is asked again. Left out where the no stands without asking. */
  ask?: string[];
  /** Disclosed values that differ from the refused request's. Left out where nobody is asked, where it was erased, and in older records. */
  differs?: { label: string; was: string; now: string }[];
}

/** A standing approval that may cover the request. */
export interface GrantFact {
  /** `grt_…`, and the hash of the record that says that it was given. */
  grant: string;
  record: string;
  /** The action that was approved when it was given. */
  action: string;
  policy: string;
  rule: string;
  /** Directory id of who gave it. */
  by: string;
  /** RFC 3339. */
  until: string;
  /** How many it covers in all, and how many it covered before this one. */
  uses: number;
  used: number;
  /** How much it covers in all, and how much it covered, exact decimal strings; null where it has no bound of money. */
  upTo: string | null;
  sum: string;
  currency: string | null;
  /** The amount of this request; null where it has none. */
  amount: string | null;
}

/** Who says who is on call. */
export const ONCALL_SOURCES = ['pagerduty', 'opsgenie', 'icalendar'] as const;
export type OnCallSourceName = (typeof ONCALL_SOURCES)[number];

/** What a rota said of who is on call. */
export interface OnCallFact {
  /** As policy names it: `oncall:payments`. */
  ref: string;
  source: OnCallSourceName;
  /** Directory ids of who is asked. */
  people: string[];
  /** Where it did not say: who is asked instead, and why. */
  fallback: { refs: string[]; why: string } | null;
}

/** What an adviser may say; to release is not among it. */
export const ADVICE = ['none', 'stage', 'refuse'] as const;

/** What an adviser said to a request, or that it said nothing in time. */
export interface AdviceFact {
  policy: string;
  /** As the policy names the adviser. */
  ask: string;
  /** Null where none came: then it changes nothing. */
  answer: (typeof ADVICE)[number] | null;
  /** The adviser's own words; null where there are none. */
  reason: string | null;
  /** Why none came; null where one did. */
  why: string | null;
}

/** Where values of a request came from, as its sender says. */
export interface ProvenanceFact {
  /** Whether the caller's credential was made to say so. Otherwise policy sees nothing of it. */
  believed: boolean;
  /** Dotted path of `params` or `resource` to a word or two: `untrusted`, `web page`. */
  fields: Record<string, string>;
}

/** Everything a verdict depended on beside bundle and request (contract section 5). Sealed, so that anyone can replay it. */
export interface Facts {
  /** RFC 3339 UTC with milliseconds: when the action was judged. */
  now: string;
  limits: LimitFact[];
  /** Approver references (`group:finance`, `role:duty-manager`, `manager`, `user:x@y`) and the active people they resolved to. */
  people: Record<string, string[]>;
  /**
   * In an emergency: the actor and those it acts for, as far as the caller's token may speak for them. For all others the caller only claims it. Left out where nothing depends on it.
   */
  spokenFor?: string[];
  /** The actor first, then those it acts for. Left out in verdicts from before claims were checked. */
  identities?: IdentityFact[];
  /** What advisers said. Left out where none was asked. */
  advice?: AdviceFact[];
  /** What rotas said of who is on call. Left out where policy names none. */
  oncall?: OnCallFact[];
  /** Where values came from. Left out where the request says nothing of it. */
  provenance?: ProvenanceFact;
  /** `txn` of the caller's token (transaction tokens): what ties the action to the caller's own trail. */
  txn?: string;
  /** Where the engine executes: what its connector knows of the request. */
  execution?: ExecutionFact;
  /** Why identity is in conflict (token against body, tenant, folder), or null. A conflict refuses with basis `unclear`. */
  conflict: string | null;
  /** Humans' refusals of the same effect that still stand. Left out where there are none. */
  refusals?: RefusalFact[];
  /** Standing approvals of the like that are in force. Left out where there are none. */
  grants?: GrantFact[];
  /** Why the request cannot be judged, or its verdict not be sealed, however often it is tried. It refuses with basis `error`. */
  fault?: string;
}

/** One stage of an approval plan, its people resolved. Times are in milliseconds. */
export interface ApprovalStagePlan {
  name: string;
  quorum: number;
  /** Refusals that end the action; 1 unless policy says otherwise. */
  refusals: number;
  /** References as policy wrote them: why a person is asked. */
  refs: string[];
  /** Directory ids, sorted, without the people that four-eyes excludes. */
  approvers: string[];
  remindMs: number | null;
  escalate: { afterMs: number; refs: string[]; approvers: string[] } | null;
  assurance: 'passkey' | null;
}

export const DOORS = ['slack', 'console', 'api', 'cli', 'teams'] as const;
export type Door = (typeof DOORS)[number];

/** Doors of a policy that names none. A later door must be named, because a published policy keeps its meaning. */
export const DEFAULT_DOORS = ['slack', 'console', 'api', 'cli'] as const satisfies readonly Door[];

/** The supervised override that policy asks for, with everything resolved. Sealed in the verdict's record. */
export interface ApprovalPlan {
  stages: ApprovalStagePlan[];
  expiresMs: number;
  /** From the start, how far an approver may extend the wait; null when it may not be extended. */
  extendUpToMs: number | null;
  reason: 'required' | 'optional';
  fourEyes: boolean;
  /** People who can never decide: the actor and everybody it acts for. Empty when `fourEyes` is false. */
  excluded: string[];
  /** Dotted paths that an approver may lower or set. */
  mayChange: string[];
  via: Door[];
  /** Policy accepts that values which it withholds from its approvers go unread. Since version 2. */
  blind?: true;
  /** The bounds within which an approver may give a standing approval. Since version 2; left out where policy allows none. */
  grants?: GrantBounds;
}

/** What a standing approval may cover. */
export interface GrantBounds {
  /** Exact decimal string; null where it has no bound of money. */
  upTo: string | null;
  uses: number;
  withinMs: number;
}

/** What one action takes from a limit while it lives. */
export interface Reservation {
  limit: string;
  key: string[];
  /** Exact decimal string; `1` for a count. */
  amount: string;
  windowMs: number;
  max: string;
}

/** An emergency release and the review it opens. */
export interface BrokenGlass {
  /** Who reviews: never anybody who acted. */
  approvers: string[];
  refs: string[];
  withinMs: number;
  /** On whose word it was released. */
  by: string;
  /** Their reason; null only under a bundle from before reasons were asked for. */
  reason: string | null;
}

/** What the evaluator answers for one request under one bundle and one set of facts. */
export interface Judgement {
  verdict: Verdict;
  /** The verdict that would have been, in observe mode; null otherwise. */
  observed: Verdict | null;
  /** The approval asked for when the decision is `supervise`. */
  plan: ApprovalPlan | null;
  reservations: Reservation[];
  /** Dotted paths that records may show in clear. */
  disclose: string[];
  /** Dotted paths that approvers see beside these. */
  show: string[];
  /** Dotted paths in `resource` and `params` that a policy which asks people goes by; left out by judgements stored before. */
  material?: string[];
  /** Slack channels and people that are told. */
  notify: string[];
  /** How often what is not urgent is gathered in one message, in milliseconds; left out where it is announced immediately. */
  digestMs?: number;
  /** How long the executor has to report, in milliseconds. */
  outcomeWithinMs: number;
  /** How long after its release a fresh permit may be had, in milliseconds; null where policy leaves it to how it was released. */
  collectWithinMs: number | null;
  /** How long a permit lives, in milliseconds; 5 minutes unless policy says less. */
  permitMs: number;
  /** How long what is approved is held, in milliseconds: until then it can be withdrawn, and not executed. */
  releaseAfterMs: number;
  /** How long the payload is kept, in milliseconds; null is for ever. */
  retainMs: number | null;
  /** The most severe effect named by a policy or rule that applied; null where none names one. */
  effect: EffectKind | null;
  /** Present where all policies let an executor use up the permit without the engine. */
  offline?: true;
  /** Present when the verdict's basis is `break_glass`. */
  review: BrokenGlass | null;
  /** Present when the verdict's basis is `grant`: the standing approval that covers it. */
  grant?: GrantFact;
  trace: TraceEntry[];
}

/** What one rule of one policy said. */
export interface TraceEntry {
  policy: string;
  rule: string | null;
  /** The condition's text, if any. */
  when: string | null;
  result: 'matched' | 'not_matched' | 'error' | 'skipped';
  detail: string | null;
  decision: VerdictDecision | null;
}
