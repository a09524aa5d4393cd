/** Tables as Kysely sees them. Columns are snake case in SQL and camel case here. */
import type { ColumnType, Generated, Kysely } from 'kysely';
import type { ActionFact } from './action-fact.ts';

/** `timestamptz`: RFC 3339 UTC with milliseconds, both ways. */
type Time = string;
/** `json`, kept as the very text that was written: `jsonb` would reorder keys and refuse U+0000. */
type JsonColumn = ColumnType<unknown, string, string>;
/** `numeric`: exact, as text. */
type Exact = string;

export interface Tables {
  execution: {
    tenant: string;
    action: string;
    lease: string;
    leaseUntil: Time;
    attempts: number;
    note: JsonColumn | null;
  };
  actionPayload: { tenant: string; action: string; wrappedKey: Buffer; ciphertext: Buffer };
  action: {
    tenant: string;
    id: string;
    status: string;
    surface: string;
    actor: string;
    requester: string;
    bundle: string | null;
    view: JsonColumn;
    sealedPermit: string | null;
    createdAt: Time;
    updatedAt: Time;
    expiresAt: Time | null;
    retainUntil: Time | null;
    postponedUntil: Time | null;
    reverses: string | null;
  };
  permit: {
    tenant: string;
    jti: string;
    action: string;
    audience: string;
    requestHash: string;
    expiresAt: Time;
    redeemedAt: Time | null;
  };
  limitDecision: { tenant: string; action: string; value: JsonColumn; at: Time };
  limitReservation: {
    tenant: string;
    action: string;
    slot: Buffer;
    limitName: string;
    amount: Exact;
    at: Time;
    /** When its window is over; null in older rows. */
    until: Time | null;
  };
  apiKey: {
    id: string;
    tenant: string;
    hash: string;
    surfaces: string[];
    actors: string[];
    roles: string[];
    groups: string[];
    createdAt: Time;
    revokedAt: Time | null;
  };
  session: { hash: string; tenant: string; id: string; expiresAt: Time };
  slackMessage: {
    tenant: string;
    action: string;
    workspace: string;
    channel: string;
    ts: string;
    kind: string;
    person: string | null;
    shownHash: string;
    revision: number;
  };
  slackPost: {
    id: string;
    tenant: string;
    action: string;
    place: string;
    kind: string;
    person: string | null;
    at: Generated<Time>;
  };
  teamsReach: { tenant: string; user: string; serviceUrl: string; conversation: string; gone: boolean };
  digest: {
    tenant: string;
    id: string;
    target: string;
    workspace: string | null;
    channel: string | null;
    ts: string | null;
    why: string | null;
    at: Time;
    busyUntil: Time | null;
  };
  digestEntry: { tenant: string; action: string; target: string; due: Time; digest: string | null };
  unauthenticated: { address: string; hour: Time; times: number; lastAt: Time };
  attempt: {
    id: Generated<number>;
    tenant: string;
    action: string;
    by: string;
    door: string;
    code: string;
    at: Time;
  };
  bundle: {
    tenant: string;
    hash: string;
    source: JsonColumn;
    cases: ColumnType<unknown, string | null | undefined, string | null>;
  };
  peopleList: { tenant: string; entry: string; people: JsonColumn };
  bundleActivation: { id: Generated<number>; tenant: string; hash: string; by: string; at: Time; record: string };
  freeze: {
    id: string;
    tenant: string;
    scope: string;
    value: string | null;
    reason: string;
    by: string;
    at: Time;
    liftedAt: Time | null;
    liftedBy: string | null;
  };
  delegation: {
    id: string;
    tenant: string;
    fromPerson: string;
    toPerson: string;
    surfaces: string[];
    startsAt: Time;
    endsAt: Time;
    revokedAt: Time | null;
  };
  review: {
    id: string;
    tenant: string;
    action: string;
    openedAt: Time;
    dueAt: Time;
    /** The person on whose word it was released. */
    by: string | null;
    status: string;
    view: JsonColumn;
  };
  passkey: {
    tenant: string;
    id: string;
    person: string;
    credential: string;
    record: string;
    name: string | null;
    transports: string[];
    signCount: number;
    lastUsed: string | null;
    createdAt: Time;
    createdBy: string;
    revokedAt: Time | null;
    revokedBy: string | null;
  };
  passkeyChallenge: { tenant: string; challenge: string; person: string; expiresAt: Time };
  publicKey: {
    tenant: string;
    use: string;
    kid: string;
    key: JsonColumn;
    since: Time;
    until: Time | null;
    revokedAt: Time | null;
    revokedFrom: number | null;
  };
  keyEvent: { tenant: string; seq: number; receipt: JsonColumn };
  logHead: { tenant: string; size: number; frontier: Buffer; root: Buffer; checkpoint: string };
  logEntry: {
    tenant: string;
    index: number;
    action: string;
    seq: number;
    type: string;
    recordHash: Buffer;
    leafHash: Buffer;
    envelope: Buffer;
    at: Time;
    surface: string | null;
    actor: string | null;
    approver: string | null;
    decision: string | null;
    policy: string | null;
    rule: string | null;
  };
  actionFact: ActionFact;
  finding: {
    tenant: string;
    id: string;
    period: string;
    test: string;
    version: number;
    actions: string[];
    surfaces: string[];
    firstAt: Time;
    lastAt: Time;
    figures: JsonColumn;
    sentence: string;
  };
  findingAnswer: {
    tenant: string;
    finding: string;
    seq: number;
    index: number;
    record: string;
    at: Time;
    by: string;
    reason: string;
    body: JsonColumn;
  };
  findingPeriod: {
    tenant: string;
    period: string;
    grown: number;
    computed: number;
    computedAt: Time | null;
    actions: number;
    cut: boolean;
  };
  savedView: { tenant: string; id: string; name: string; query: string; columns: string[]; by: string; at: Time };
  projection: { tenant: string; size: number };
  logWindow: { tenant: string; number: number; firstAt: Time; lastAt: Time };
  logTile: { tenant: string; level: number; index: number; hashes: Buffer };
  logCosignature: { tenant: string; size: number; witness: string; checkpoint: string; line: string; at: Time };
  logAnchor: { tenant: string; anchor: string; size: number; at: Time };
}

export type Database = Kysely<Tables>;
