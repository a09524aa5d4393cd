/** Fixed keys, records and receipts: the same bytes on every run. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha256, toBase64Url, utf8 } from '../../src/canonical/index.ts';
import type { ActionRequest, DecisionRecord, Receipt, RecordPayload, VerdictRecord } from '../../src/contract/index.ts';
import {
  formatVkey,
  inclusionProof,
  NOTE_ALGORITHMS,
  noteKey,
  type NoteKey,
  type SignEd25519,
} from '../../src/ledger/index.ts';
import {
  encodeRecord,
  envelopeBytes,
  makeReceipt,
  publicJwk,
  signEnvelope,
  type Signer,
} from '../../src/sealing/index.ts';
import { MemoryLog } from '../ledger/memory-log.ts';

/** A private key that everybody knows. */
const secret = (name: string): Uint8Array => sha256(utf8(`countersign test vector key: ${name}`));

export function ed25519Signer(name: string): Signer {
  const key = secret(name);
  const jwk = publicJwk({ crv: 'Ed25519', x: toBase64Url(ed25519.getPublicKey(key)) });
  return {
    kid: jwk.kid,
    algorithm: 'EdDSA',
    publicJwk: jwk,
    sign: (message) => Promise.resolve(ed25519.sign(message, key)),
  };
}

export function es256Signer(name: string): Signer {
  const key = secret(name);
  const point = p256.getPublicKey(key, false);
  const jwk = publicJwk({
    crv: 'P-256',
    x: toBase64Url(point.subarray(1, 33)),
    y: toBase64Url(point.subarray(33)),
  });
  return {
    kid: jwk.kid,
    algorithm: 'ES256',
    publicJwk: jwk,
    sign: (message) => Promise.resolve(p256.sign(message, key)),
  };
}

export interface NoteSigner {
  key: NoteKey;
  sign: SignEd25519;
}

export function noteSigner(name: string, kind: 'log' | 'witness' = 'log'): NoteSigner {
  const key = secret(name);
  const algorithm = kind === 'log' ? NOTE_ALGORITHMS.ed25519 : NOTE_ALGORITHMS.cosignatureV1;
  return {
    key: noteKey(name, algorithm, ed25519.getPublicKey(key)),
    sign: (message) => Promise.resolve(ed25519.sign(message, key)),
  };
}

export const actionKey = sha256(utf8('countersign test vector action key'));

export const request: ActionRequest = {
  surface: 'payments.refund',
  action: 'refund.create',
  actor: {
    id: 'agent:support-bot',
    type: 'agent',
    onBehalfOf: { id: 'user:requester@acme.test', type: 'user' },
  },
  resource: { type: 'order', id: 'ord_991', version: 'etag-7' },
  params: { amount: 420.5, currency: 'USD', customer: { name: 'Zo\u00eb \ud83d\ude00', tags: ['vip', 'eu'] } },
  context: { environment: 'production', folder: '/emea/support' },
  content: { note: 'the parcel never came' },
  callback: 'https://service.acme.test/hooks',
};

export const BUNDLE = `sha256:${'ab'.repeat(32)}`;
export const REQUEST_HASH = `sha256:${'cd'.repeat(32)}`;

export const verdictRecord: VerdictRecord = {
  v: 1,
  type: 'verdict',
  tenant: 'default',
  action: 'act_1',
  seq: 0,
  prev: null,
  at: '2026-11-21T10:00:00.000Z',
  requestHash: REQUEST_HASH,
  surface: 'payments.refund',
  verb: 'refund.create',
  actor: { id: 'agent:support-bot', type: 'agent', onBehalfOf: { id: 'user:requester@acme.test', type: 'user' } },
  verdict: {
    decision: 'supervise',
    basis: 'rule',
    bundle: BUNDLE,
    policy: 'payments.refund',
    rule: 'medium',
    reasons: ['refunds up to 1,000 need finance'],
    mode: 'enforce',
    changes: null,
  },
  observed: null,
  facts: {
    now: '2026-11-21T10:00:00.000Z',
    limits: [{ limit: 'payments.refund/agent-daily', key: ['agent:support-bot'], used: '120.5' }],
    people: { 'group:finance': ['user:finance-lead@acme.test'] },
    conflict: null,
  },
  plan: {
    stages: [
      {
        name: 'finance',
        quorum: 1,
        refusals: 1,
        refs: ['group:finance'],
        approvers: ['user:finance-lead@acme.test'],
        remindMs: 900_000,
        escalate: { afterMs: 3_600_000, refs: ['user:cfo@acme.test'], approvers: ['user:cfo@acme.test'] },
        assurance: null,
      },
    ],
    expiresMs: 14_400_000,
    extendUpToMs: 86_400_000,
    reason: 'required',
    fourEyes: true,
    excluded: ['agent:support-bot', 'user:requester@acme.test'],
    mayChange: ['params.amount'],
    via: ['slack', 'console', 'api', 'cli'],
  },
  disclosed: { 'params.amount': 420.5, 'params.currency': 'USD' },
  commitments: { content: `sha256:${'ef'.repeat(32)}` },
};

export function decisionRecord(prev: string): DecisionRecord {
  return {
    v: 1,
    type: 'decision',
    tenant: 'default',
    action: 'act_1',
    seq: 1,
    prev,
    at: '2026-11-21T10:05:00.000Z',
    requestHash: REQUEST_HASH,
    surface: 'payments.refund',
    stage: 0,
    decision: 'approve',
    added: null,
    by: 'user:finance-lead@acme.test',
    delegation: null,
    reason: 'checked with the carrier',
    via: 'slack',
    slack: { workspace: 'T1', user: 'U1', channel: 'C1', message: '1795255500.000100' },
    shown: { hash: `sha256:${'12'.repeat(32)}`, renderer: 'blocks/1' },
    responsibility: 'I have checked this refund',
    changes: { 'params.amount': { from: 420.5, to: 400 } },
    until: null,
    assurance: null,
    attestation: `sha256:${'34'.repeat(32)}`,
  };
}

/** The five records of one supervised refund, chained. */
export function chain(): RecordPayload[] {
  const decision = decisionRecord(encodeRecord(verdictRecord).hash);
  const { tenant, action, requestHash, surface } = decision;
  const head = { v: 1 as const, tenant, action, requestHash };
  const release: RecordPayload = {
    ...head,
    type: 'release',
    seq: 2,
    prev: encodeRecord(decision).hash,
    at: '2026-11-21T10:05:00.100Z',
    surface,
    basis: 'override',
    permit: {
      jti: 'prm_1',
      kid: ed25519Signer('permit').kid,
      expiresAt: '2026-11-21T10:10:00.000Z',
      audience: surface,
      requestHash: `sha256:${'56'.repeat(32)}`,
    },
    rejudged: { verdict: verdictRecord.verdict, facts: verdictRecord.facts },
  };
  const outcome: RecordPayload = {
    ...head,
    type: 'outcome',
    seq: 3,
    prev: encodeRecord(release).hash,
    at: '2026-11-21T10:06:00.000Z',
    surface,
    status: 'executed',
    reference: 'rf_77',
    detail: `sha256:${'78'.repeat(32)}`,
    by: 'service:refunds',
  };
  const review: RecordPayload = {
    ...head,
    type: 'review',
    seq: 4,
    prev: encodeRecord(outcome).hash,
    at: '2026-11-22T09:00:00.000Z',
    by: 'user:risk-officer@acme.test',
    reason: 'sampled',
    body: { result: 'sound' },
  };
  return [verdictRecord, decision, release, outcome, review];
}

export interface World {
  log: MemoryLog;
  receipts: Receipt[];
  trust: { recordKeys: unknown[]; logKeys: string[] };
}

/** A log with these records behind `others` entries of other actions, and a receipt for each. */
export async function sealedWorld(
  records: readonly RecordPayload[],
  options: { record?: Signer; note?: NoteSigner; others?: number } = {},
): Promise<World> {
  const { record = ed25519Signer('record'), note = noteSigner('countersign/default'), others = 3 } = options;
  const log = new MemoryLog();
  for (let i = 0; i < others; i++) log.append(utf8(`{"other":${i}}`));
  const envelopes = await Promise.all(records.map((one) => signEnvelope(encodeRecord(one).payload, record)));
  log.append(...envelopes.map(envelopeBytes));
  const checkpoint = await log.checkpoint(note.key, note.sign);
  const receipts = await Promise.all(
    envelopes.map(async (envelope, i) => {
      const index = others + i;
      const proof = await inclusionProof(index, log.size, log.reader());
      return makeReceipt(envelope, { origin: note.key.name, index, checkpoint, proof });
    }),
  );
  return { log, receipts, trust: { recordKeys: [record.publicJwk], logKeys: [formatVkey(note.key)] } };
}
