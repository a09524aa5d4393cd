/** Logs of many actions, sealed in memory with the pure rooms and node:crypto. */
import { sign } from 'node:crypto';
import { fromBase64Url, hashOf } from '../../src/canonical/index.ts';
import type {
  ApprovalPlan,
  DecisionRecord,
  OtherRecord,
  RecordPayload,
  ReleaseRecord,
  Verdict,
  VerdictRecord,
} from '../../src/contract/index.ts';
import { auditLog, entryReader, type AuditOptions, type AuditReport, type LogFiles } from '../../src/evidence/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { formatVkey, noteKey, NOTE_ALGORITHMS, type NoteKey, type SignEd25519 } from '../../src/ledger/index.ts';
import {
  encodeRecord,
  envelopeBytes,
  publicJwk,
  readPublicJwk,
  signEnvelope,
  type Signer,
  type Trust,
} from '../../src/sealing/index.ts';
import { MemoryLog } from '../ledger/memory-log.ts';
import { untyped } from '../support/untyped.ts';
import { keyPair } from '../support/key-pair.ts';

export interface NodeKey {
  signer: Signer;
  raw: Uint8Array;
  sign: SignEd25519;
}

export function nodeKey(): NodeKey {
  const { privateKey, publicKey } = keyPair('ed25519');
  const jwk = publicJwk({ crv: 'Ed25519', x: publicKey.export({ format: 'jwk' }).x ?? '' });
  const make: SignEd25519 = (message) => Promise.resolve(new Uint8Array(sign(null, message, privateKey)));
  return {
    signer: { kid: jwk.kid, algorithm: 'EdDSA', publicJwk: jwk, sign: make },
    raw: fromBase64Url(jwk.x),
    sign: make,
  };
}

/** What {@link BUNDLE} is the hash of. */
export const POLICY = { policies: [{ policy: 'payments.refund' }] };
export const BUNDLE = hashOf(POLICY);
export const REQUEST = `sha256:${'cd'.repeat(32)}`;
export const SURFACE = 'payments.refund';
export const LEAD = 'user:finance-lead@acme.test';
export const CFO = 'user:cfo@acme.test';
export const ASKER = 'user:requester@acme.test';
export const AT = '2026-11-21T10:00:00.000Z';

/** A record without what its place in the chain gives it. */
export type Draft = Record<string, unknown> & { type: RecordPayload['type'] };

export const plan = (more: Partial<ApprovalPlan> = {}, quorum = 1): ApprovalPlan => ({
  stages: [
    {
      name: 'finance',
      quorum,
      refusals: 1,
      refs: ['group:finance'],
      approvers: [LEAD, CFO],
      remindMs: null,
      escalate: { afterMs: 60_000, refs: ['role:duty-manager'], approvers: ['user:duty-manager@acme.test'] },
      assurance: null,
    },
  ],
  expiresMs: 3_600_000,
  extendUpToMs: 7_200_000,
  reason: 'required',
  fourEyes: true,
  excluded: ['agent:support-bot', ASKER],
  mayChange: ['params.amount'],
  via: ['slack', 'console', 'api', 'cli'],
  ...more,
});

const judged = (decision: Verdict['decision'], more: Partial<Verdict> = {}): Verdict => ({
  decision,
  basis: 'rule',
  bundle: BUNDLE,
  policy: SURFACE,
  rule: 'some',
  reasons: ['because'],
  mode: 'enforce',
  changes: null,
  ...more,
});

export const FACTS = { now: AT, limits: [], people: {}, conflict: null };

export const verdict = (
  decision: Verdict['decision'],
  more: Partial<Verdict> = {},
  record: Partial<VerdictRecord> = {},
): Draft => ({
  type: 'verdict',
  surface: SURFACE,
  verb: 'refund.create',
  actor: { id: 'agent:support-bot', type: 'agent', onBehalfOf: { id: ASKER, type: 'user' } },
  verdict: judged(decision, more),
  observed: null,
  facts: FACTS,
  plan: decision === 'supervise' ? plan() : null,
  disclosed: { 'params.amount': 42 },
  commitments: {},
  ...record,
});

export const decision = (
  what: DecisionRecord['decision'],
  by: string = LEAD,
  more: Partial<DecisionRecord> = {},
): Draft => {
  const human = ['approve', 'refuse', 'return', 'extend', 'answered'].includes(what);
  return {
    type: 'decision',
    surface: SURFACE,
    stage: 0,
    decision: what,
    added: null,
    by,
    delegation: null,
    reason: human ? 'looked at it' : null,
    via: human ? 'slack' : 'engine',
    slack: null,
    shown: null,
    responsibility: null,
    changes: null,
    until: null,
    assurance: null,
    attestation: human ? `sha256:${'34'.repeat(32)}` : null,
    ...more,
  };
};

let made = 0;
export const release = (basis: ReleaseRecord['basis'], more: Partial<ReleaseRecord> = {}): Draft => ({
  type: 'release',
  surface: SURFACE,
  basis,
  permit: {
    jti: `prm_${++made}`,
    kid: 'kid',
    expiresAt: '2026-11-21T10:10:00.000Z',
    audience: SURFACE,
    requestHash: REQUEST,
  },
  rejudged: basis === 'override' ? { verdict: judged('supervise'), facts: FACTS } : null,
  ...more,
});

/** What its executor said late: it had used the permit up by itself. */
export const usedOffline = (released: Draft, at: string): Draft => ({
  type: 'redemption',
  surface: SURFACE,
  permit: { jti: (released['permit'] as { jti: string }).jti },
  by: 'key:test',
  redeemer: `sha256:${'56'.repeat(32)}`,
  reportBy: at,
  offline: { at },
});

/** A release whose permit its executor may use up by itself, good until the records of these tests are sealed. */
export const offlineRelease = (more: Partial<ReleaseRecord> = {}): Draft =>
  release('rule', { collectUntil: AT, offline: true, ...more });

export const outcome = (status: string): Draft => ({
  type: 'outcome',
  surface: SURFACE,
  status,
  reference: null,
  detail: null,
  by: status === 'unreported' ? null : 'key:test',
});

export const other = (type: OtherRecord['type'], body: object = {}, by: string | null = CFO): Draft => ({
  type,
  by,
  reason: 'because',
  body,
});

/** Payload and key of the action were deleted. */
export const erasure = (by: string | null = CFO): Draft => ({
  ...other('key', { state: 'erased', cause: by === null ? 'retention' : 'request', surface: SURFACE }, by),
  requestHash: REQUEST,
});

const OFFLINE = offlineRelease();

/** Every way that an action may rightly go. */
export const COURSES: Record<string, Draft[]> = {
  approved: [verdict('approve'), release('rule'), outcome('executed')],
  constrained: [
    verdict('constrain', { changes: { 'params.amount': 1 } }),
    release('rule', {
      permit: { jti: 'x', kid: 'k', expiresAt: AT, audience: SURFACE, requestHash: `sha256:${'11'.repeat(32)}` },
    }),
    outcome('failed'),
  ],
  refused: [verdict('refuse', { basis: 'silence' })],
  overridden: [verdict('supervise'), decision('approve'), release('override'), outcome('executed')],
  'approved by a delegate': [
    verdict('supervise'),
    decision('approve', 'user:deputy@acme.test', { delegation: { id: 'dlg_1', from: LEAD } }),
    release('override'),
    outcome('skipped'),
  ],
  'asked, answered, extended, escalated, approved by who was added': [
    verdict('supervise'),
    decision('return'),
    decision('answered', ASKER),
    decision('extend', LEAD, { until: '2026-11-21T11:30:00.000Z' }),
    decision('escalated', 'countersign', { added: ['user:duty-manager@acme.test'] }),
    decision('approve', 'user:duty-manager@acme.test', { changes: { 'params.amount': { from: 42, to: 40 } } }),
    release('override', {
      permit: { jti: 'y', kid: 'k', expiresAt: AT, audience: SURFACE, requestHash: `sha256:${'22'.repeat(32)}` },
    }),
  ],
  'two of a quorum': [
    verdict('supervise', {}, { plan: plan({}, 2) }),
    decision('approve'),
    decision('approve', CFO),
    release('override'),
    outcome('unreported'),
    outcome('executed'),
  ],
  'refused by a human': [verdict('supervise'), decision('refuse')],
  expired: [verdict('supervise'), decision('expired', 'countersign')],
  'approved, then frozen until it expired': [
    verdict('supervise'),
    decision('approve'),
    decision('expired', 'countersign'),
  ],
  withdrawn: [verdict('supervise'), decision('cancelled', ASKER)],
  'refused at its release': [verdict('supervise'), decision('approve'), verdict('refuse')],
  'break glass, reviewed late': [
    verdict('approve', { basis: 'break_glass' }),
    release('break_glass'),
    other('review', { state: 'overdue', reviewers: [CFO] }, null),
    outcome('executed'),
    other('review', { state: 'done', reviewers: [CFO] }),
  ],
  'used offline, and reported late': [
    verdict('approve'),
    OFFLINE,
    outcome('unreported'),
    usedOffline(OFFLINE, AT),
    outcome('executed'),
  ],
  observed: [
    verdict('approve', { mode: 'observe' }, { observed: judged('refuse', { mode: 'observe' }) }),
    release('observe'),
    outcome('executed'),
  ],
  'erased on request': [verdict('approve'), release('rule'), outcome('executed'), erasure()],
  'refused, and no longer kept': [verdict('refuse'), erasure(null)],
  'never reported, and no longer kept': [verdict('approve'), release('rule'), outcome('unreported'), erasure(null)],
  reconciled: [verdict('approve'), release('rule'), outcome('unreported'), other('reconcile', { status: 'failed' })],
};

export interface TestLog {
  log: MemoryLog;
  logKey: NoteKey;
  logSign: SignEd25519;
  trust: Trust;
  /** Which action each entry belongs to. */
  actions: string[];
  /** Seals records of one action at the end. */
  seal(action: string, drafts: readonly Draft[]): Promise<void>;
  checkpoint(): Promise<string>;
  files(): Promise<Map<string, Uint8Array>>;
}

/** What a draft becomes at its place in its action's chain; what the draft says itself counts. */
export const recordOf = (
  draft: Draft,
  place: Pick<RecordPayload, 'action' | 'seq' | 'prev' | 'at' | 'requestHash'> & { tenant?: string },
): RecordPayload => untyped<RecordPayload>({ v: 1, tenant: 'default', ...place, ...draft });

/** A log that begins with the activation of {@link BUNDLE}. */
export async function openLog(signer: Signer = nodeKey().signer): Promise<TestLog> {
  const log = new MemoryLog();
  const signing = nodeKey();
  const logKey = noteKey('countersign/default', NOTE_ALGORITHMS.ed25519, signing.raw);
  const actions: string[] = [];
  const ends = new Map<string, { seq: number; hash: string }>();
  const world: TestLog = {
    log,
    logKey,
    logSign: signing.sign,
    trust: { recordKeys: [signer.publicJwk], logKeys: [formatVkey(logKey)] },
    actions,
    async seal(action, drafts) {
      for (const draft of drafts) {
        const end = ends.get(action);
        const apart = ['policy', 'freeze', 'key', 'export'].includes(draft.type);
        const record = recordOf(draft, {
          action,
          seq: end === undefined ? 0 : end.seq + 1,
          prev: end?.hash ?? null,
          at: AT,
          requestHash: apart ? null : REQUEST,
        });
        const { payload, hash } = encodeRecord(record);
        log.append(envelopeBytes(await signEnvelope(payload, signer)));
        actions.push(action);
        ends.set(action, { seq: record.seq, hash });
      }
    },
    checkpoint: () => log.checkpoint(logKey, signing.sign),
    async files() {
      const files = await log.files();
      files.set('checkpoint', new TextEncoder().encode(await world.checkpoint()));
      return files;
    },
  };
  await world.seal('policy', [other('policy', { bundle: BUNDLE, previous: null, action: null })]);
  return world;
}

/** At least `size` entries, the records of neighbouring actions among one another. */
export async function fill(world: TestLog, size: number): Promise<void> {
  const courses = Object.values(COURSES);
  const start = world.log.size;
  for (let group = 0; world.log.size < size; group++) {
    const open = courses.map((drafts, i) => ({ action: `act_${start}_${group}_${i}`, drafts: [...drafts] }));
    for (let left = true; left && world.log.size < size;) {
      left = false;
      for (const { action, drafts } of open) {
        const next = drafts.shift();
        if (next === undefined || world.log.size >= size) continue;
        left = true;
        await world.seal(action, [next]);
      }
    }
  }
}

export const filesOf =
  (files: ReadonlyMap<string, Uint8Array>): LogFiles =>
  (path) =>
    Promise.resolve(files.get(path) ?? null);

/** An audit with node:crypto. */
export function audit(
  files: ReadonlyMap<string, Uint8Array>,
  trust: Trust,
  more: Partial<AuditOptions> = {},
): Promise<AuditReport> {
  return auditLog({ files: filesOf(files), trust, verify: nodeVerify, ...more });
}

/** An audit that remembers which entries it verified: for many audits of almost the same log. */
export function rememberingReader(trust: Trust): NonNullable<AuditOptions['readEntry']> {
  const keys = trust.recordKeys.map(readPublicJwk).filter((key) => key !== null);
  const read = entryReader(keys, nodeVerify);
  const known = new Map<string, Awaited<ReturnType<typeof read>>>();
  return async (entry) => {
    const name = Buffer.from(entry).toString('latin1');
    const before = known.get(name);
    if (before !== undefined) return before;
    const result = await read(entry);
    known.set(name, result);
    return result;
  };
}
