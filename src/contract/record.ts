import type { ENGINE_VIA } from './engine-names.ts';
import type { Json, JsonObject } from './json.ts';
import type { Presence } from './presence.ts';
import type { PlanStep } from './plan.ts';
import {
  VERDICT_DECISIONS,
  type ApprovalPlan,
  type Door,
  type EffectKind,
  type Facts,
  type Verdict,
} from './verdict.ts';

export const RECORD_TYPES = [
  'verdict',
  'decision',
  'release',
  'redemption',
  'outcome',
  'reconcile',
  'review',
  'policy',
  'freeze',
  'key',
  'delegation',
  'credential',
  'tenant',
  'directory',
  'grant',
  'drill',
  'export',
  'finding',
  'statement',
] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

/** DSSE payload type of every record (contract section 6). */
export const RECORD_PAYLOAD_TYPE = 'application/vnd.countersign.record+json';

/** Bytes an envelope may have: entry bundles of a C2SP tiled log carry 16-bit lengths. */
export const ENVELOPE_MAX_BYTES = 65_535;

/** Bytes of disclosed values a record may show in all; beyond it they are committed, not shown. */
export const DISCLOSED_MAX_BYTES = 32 * 1024;

/** How a committed value is written. */
export const COMMITTED = /^sha256:[0-9a-f]{64}$/;

/** What every record says. `prev` is the hash of the action's previous record, null for the first. */
export interface RecordHead {
  /** Version of the contract that the record was sealed under. What version 1 sealed verifies for ever. */
  v: 1 | 2;
  type: RecordType;
  tenant: string;
  /** Action id; for records that belong to no action, the id of what they are about (`policy`, `key`, `freeze:…`). */
  action: string;
  seq: number;
  prev: string | null;
  /** RFC 3339 UTC with milliseconds. */
  at: string;
  requestHash: string | null;
}

/** Who asked, in clear in every record: ids only. */
export interface RecordActor {
  id: string;
  type: string;
  /** A `user` that the directory does not have: nobody has checked who that is. */
  unverified?: true;
  /** Of an agent or service: who answers for it, null where nobody does. */
  owner?: string | null;
  onBehalfOf?: RecordActor;
}

/** What makes another request the same effect, as one policy says. */
export interface SealedSameness {
  policy: string;
  /** Keyed hash of the fields: nobody without the stack's own key can guess them. */
  key: string;
  /** One of these must act again for it to count as the same effect; null where that does not matter. */
  who: string[] | null;
}

/** What an action does to the world. */
export interface SealedEffect {
  kind: EffectKind | null;
  /** What a human's no would stand against, and how long; empty where nobody is asked. */
  same: (SealedSameness & { standsMs: number; ask: boolean })[];
}

/** What a human's no stands against. `ask`: who was asked, and is asked again; null where the no stands without asking. */
export type StandingRefusal = SealedSameness & { until: string; ask: string[] | null };

export interface VerdictRecord extends RecordHead {
  type: 'verdict';
  surface: string;
  verb: string;
  actor: RecordActor;
  verdict: Verdict;
  observed: Verdict | null;
  facts: Facts;
  plan: ApprovalPlan | null;
  /** Dotted path to value, for what policy discloses. */
  disclosed: JsonObject;
  /** Dotted path to `sha256:…` salted commitment, for all else of `resource`, `params`, `context` and for `content`. */
  commitments: Record<string, string>;
  /** The action that this one takes back. Since version 2. */
  reverses?: string;
  /** Which step of which plan it is. Since version 2; left out of actions that were asked alone. */
  step?: PlanStep;
  /** Since version 2; left out where policy says nothing of it and nobody is asked. */
  effect?: SealedEffect;
  /**
   * Paths that policy depends on and does not show to its approvers, who open the whole before they approve. Since version 2; left
   * out where there are none.
   */
  unseen?: string[];
  /** What the action takes of limits, encrypted under the stack's own secret. Since version 2; left out where it takes nothing. */
  shares?: string;
  /** As in a {@link DecisionRecord}. */
  returns?: string;
}

/** What a person saw before they decided: hash of a pure renderer's output, and its version. */
export interface SealedRendering {
  hash: string;
  renderer: string;
  /** Hash of the record that says that they opened the whole. Since version 2; left out where they did not. */
  opening?: string;
}

/** A human's word, or the clock's (`expired`) or the requester's (`cancelled`) on a parked action. */
export interface DecisionRecord extends RecordHead {
  type: 'decision';
  surface: string;
  stage: number;
  decision: 'approve' | 'refuse' | 'return' | 'extend' | 'expired' | 'cancelled' | 'answered' | 'escalated';
  /** People added by an escalation. */
  added: string[] | null;
  /** Approvers who could not be told, when that is why more people are asked. Since version 2. */
  unreachable?: string[];
  /** Directory id; `countersign` for the clock. */
  by: string;
  /** For whom, when decided under a delegation: its id and the person who delegated. */
  delegation: { id: string; from: string } | null;
  /**
   * Proof that the decider, or the person they stand in for, is on the list of approvers, where the verdict names that list by its hash
   * (docs/formats.md). Since version 2.
   */
  membership?: { index: number; path: string[] };
  reason: string | null;
  via: Door | typeof ENGINE_VIA;
  /** The identity and message, when it came through Slack or Teams: there the workspace is `teams:<tenant>`. */
  slack: { workspace: string; user: string; channel: string; message: string } | null;
  /** Exactly what the approver was shown. */
  shown: SealedRendering | null;
  /** The sentence of responsibility that the approver took on. */
  responsibility: string | null;
  /** Dotted path to old and new value; undisclosed values are committed. */
  changes: Record<string, { from: Json; to: Json }> | null;
  /** New expiry of an `extend`. */
  until: string | null;
  /** WebAuthn assertion over the decision, for `assurance: passkey`. */
  assurance: JsonObject | null;
  /** How the human was there. Since version 2, of what people decide. */
  presence?: Presence;
  /** SHA-256 of the gateway's attestation of the human, `sha256:…`. */
  attestation: string | null;
  /** Of the refusal that ended the override. Since version 2. */
  stands?: StandingRefusal[];
  /**
   * Gives back what the action's verdict took of limits: that verdict's `shares`. Since version 2; left out where nothing is given back.
   */
  returns?: string;
  /** The attestation key's signature over the rest of the record, where a person or a service's key spoke. Since version 2. */
  attested?: { kid: string; sig: string };
}

export const RELEASE_BASES = ['rule', 'override', 'break_glass', 'observe', 'grant'] as const;

/** Why what a verdict approved is released. */
export function releaseBasisOf({ basis, mode }: Pick<Verdict, 'basis' | 'mode'>): ReleaseRecord['basis'] {
  if (basis === 'break_glass' || basis === 'grant') return basis;
  return mode === 'observe' ? 'observe' : 'rule';
}

export interface ReleaseRecord extends RecordHead {
  type: 'release';
  surface: string;
  basis: (typeof RELEASE_BASES)[number];
  permit: { jti: string; kid: string; expiresAt: string; audience: string; requestHash: string };
  /** The verdict under the bundle in force at release, with its facts, for a parked action and for a fresh permit. */
  rejudged: { verdict: Verdict; facts: Facts } | null;
  /** Before it nothing is executed, and it can be withdrawn, RFC 3339. Left out where policy holds nothing back. Since version 2. */
  notBefore?: string;
  /** Until when a fresh permit may be had and redeemed, RFC 3339. Since version 2. */
  collectUntil?: string;
  /** `jti` of the permit that this one replaces and invalidates. Since version 2, null for the first. */
  replaces?: string | null;
  /** Who looks back at a break-glass release, and until when. Since version 2. */
  review?: { reviewers: string[]; dueAt: string };
  /** One executor may use the permit up by itself, and report that later. Left out where only the engine takes permits. */
  offline?: true;
}

/** The executor took the permit: from now on the action counts as begun. Since version 2. */
export interface RedemptionRecord extends RecordHead {
  type: 'redemption';
  surface: string;
  permit: { jti: string };
  /** Identity of the caller that redeemed it; `countersign` for what the engine executes itself. */
  by: string;
  /** Hash of the redeemer's random text, bound to the permit. Knowing the text lets a caller ask again. Null where none was given. */
  redeemer: string | null;
  /** When the outcome is due, RFC 3339. */
  reportBy: string;
  /** When the executor says that it used the permit up by itself, RFC 3339. Left out where the engine took it. */
  offline?: { at: string };
}

export interface OutcomeRecord extends RecordHead {
  type: 'outcome';
  surface: string;
  /** `lapsed`: nobody redeemed in time, so nothing happened. `unreported`: redeemed, and silent. */
  status: 'executed' | 'failed' | 'skipped' | 'unreported' | 'lapsed';
  reference: string | null;
  /** Salted commitment to the reported detail. */
  detail: string | null;
  /** Identity of the caller that reported it; null for `unreported` and `lapsed`. */
  by: string | null;
  /** As in a {@link DecisionRecord}. */
  returns?: string;
}

/** The decisions that records are searched by: of verdicts, people, releases, outcomes, and of everything else. */
export const RECORD_DECISIONS = [
  ...VERDICT_DECISIONS,
  ...(['return', 'extend', 'expired', 'cancelled', 'answered', 'escalated'] as const),
  ...RELEASE_BASES,
  ...(['executed', 'failed', 'skipped', 'unreported', 'lapsed'] as const),
  ...(['made', 'given', 'adopted', 'introduce', 'revoke', 'revoked', 'frozen', 'lifted'] as const),
  ...(['kept', 'deleted', 'stopped', 'opening', 'export', 'planted'] as const),
] as const;
export type RecordDecision = (typeof RECORD_DECISIONS)[number];

export interface OtherRecord extends RecordHead {
  type:
    | 'reconcile'
    | 'review'
    | 'policy'
    | 'freeze'
    | 'key'
    | 'delegation'
    | 'credential'
    | 'tenant'
    | 'directory'
    | 'grant'
    | 'drill'
    | 'export'
    | 'finding'
    | 'statement';
  by: string | null;
  reason: string | null;
  body: JsonObject;
}

export type RecordPayload =
  VerdictRecord | DecisionRecord | ReleaseRecord | RedemptionRecord | OutcomeRecord | OtherRecord;

/** DSSE envelope (github.com/secure-systems-lab/dsse, envelope.md). Base64 is standard, padded. */
export interface Envelope {
  payloadType: string;
  payload: string;
  signatures: { keyid: string; sig: string }[];
}

/** Everything that checks one record offline, beside two public keys. */
export interface Receipt {
  kind: 'countersign.receipt/v1';
  envelope: Envelope;
  log: {
    origin: string;
    /** Position of the entry, from 0. */
    index: number;
    /** C2SP signed note. */
    checkpoint: string;
    /** RFC 6962 inclusion proof, leaf side first, base64. */
    inclusion: string[];
  };
}

/** Claims of a permit (contract section 3). Times are seconds since the epoch. */
export interface PermitClaims {
  iss: string;
  aud: string;
  sub: string;
  iat: number;
  nbf: number;
  exp: number;
  jti: string;
  tenant: string;
  act: string;
  req: string;
  changes?: JsonObject;
  ver?: string;
  /** One executor may use it up by itself, without the engine. */
  offline?: true;
  rec: string;
}
