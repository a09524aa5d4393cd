/**
 * Decisions about deployments as in-toto statements (in-toto.io, Statement v1), so that a release gate can demand one: what was decided about
 * which artefact, from sealed records alone.
 */
import { canonicalBytes } from '../canonical/index.ts';
import type { Envelope, JsonObject, RecordPayload, VerdictRecord } from '../contract/index.ts';
import { signPayload } from './dsse.ts';
import type { Signer } from './signer.ts';

/** DSSE payload type of in-toto statements. */
export const STATEMENT_PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT = 'https://in-toto.io/Statement/v1';
/** What the predicate is; its members are described in docs/formats.md. */
export const DECISION_PREDICATE = 'urn:countersign:predicate:decision:v1';

/** Surfaces whose decisions are stated. */
const STATED = /^deploy(\.|$)/;
const DIGEST = /^sha256:([0-9a-f]{64})$/;

export interface StatedRecord {
  hash: string;
  record: RecordPayload;
}

/**
 * The statement of the last of an action's records: a verdict that refuses, a decision, or a release.
 *
 * @param records of one action, oldest first, up to the one that is stated
 * @returns null where nothing about a deployment was decided by it
 */
export function inTotoStatement(records: readonly StatedRecord[]): JsonObject | null {
  const last = records.at(-1);
  const first = records.find((one): one is { hash: string; record: VerdictRecord } => one.record.type === 'verdict');
  if (last === undefined || first === undefined || !STATED.test(first.record.surface)) return null;
  const result = resultOf(last.record);
  if (result === null) return null;
  const { record: verdict } = first;
  const approvals = records.flatMap(({ hash, record }) =>
    record.type === 'decision' && (record.decision === 'approve' || record.decision === 'refuse')
      ? [{ by: record.by, decision: record.decision, at: record.at, via: record.via, record: hash }]
      : [],
  );
  return {
    _type: STATEMENT,
    subject: subjectsOf(verdict),
    predicateType: DECISION_PREDICATE,
    predicate: {
      result,
      action: verdict.action,
      surface: verdict.surface,
      verb: verdict.verb,
      actor: verdict.actor.id,
      requestHash: verdict.requestHash,
      policy: verdict.verdict.policy,
      rule: verdict.verdict.rule,
      bundle: verdict.verdict.bundle,
      basis: last.record.type === 'release' ? last.record.basis : verdict.verdict.basis,
      decisions: approvals,
      record: last.hash,
      at: last.record.at,
    },
  };
}

function resultOf(record: RecordPayload): 'released' | 'refused' | null {
  if (record.type === 'release') return 'released';
  if (record.type === 'verdict') return record.verdict.decision === 'refuse' ? 'refused' : null;
  if (record.type !== 'decision') return null;
  return ['refuse', 'expired', 'cancelled'].includes(record.decision) ? 'refused' : null;
}

/** The artefacts that the request names by digest and policy discloses; without any, the request itself. */
function subjectsOf({ disclosed, requestHash, action }: VerdictRecord): JsonObject[] {
  const named = Object.entries(disclosed).flatMap(([path, value]) => {
    const sha256 = typeof value === 'string' ? DIGEST.exec(value)?.[1] : undefined;
    return sha256 === undefined ? [] : [{ name: path, digest: { sha256 } }];
  });
  const sha256 = DIGEST.exec(requestHash ?? '')?.[1];
  return named.length > 0 || sha256 === undefined ? named : [{ name: action, digest: { sha256 } }];
}

/** The statement in a DSSE envelope, by the key that signs records. */
export const signStatement = (statement: JsonObject, signer: Signer): Promise<Envelope> =>
  signPayload(STATEMENT_PAYLOAD_TYPE, canonicalBytes(statement), signer);
