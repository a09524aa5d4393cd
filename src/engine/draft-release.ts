import { randomUUID } from 'node:crypto';
import type { ActionRequest, JsonObject, ReleaseRecord } from '../contract/index.ts';
import { encodeRecord, requestHash, signPermit } from '../sealing/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { EngineDeps } from './deps.ts';
import { keepPeople } from './people.ts';
import { sealPermit, type PermitForms } from './permit.ts';
import { nextHead, type RecordDraft } from './seal.ts';

/** A permit lives no longer than this (contract section 3), whatever a row says. */
const PERMIT_MAX_MS = 5 * 60_000;
/** The default time for collecting a fresh permit: people ask late, machines immediately. */
const COLLECT_MS: Record<ReleaseRecord['basis'], number> = {
  override: 8 * 3_600_000,
  rule: 10 * 60_000,
  observe: 10 * 60_000,
  grant: 10 * 60_000,
  break_glass: 10 * 60_000,
};

export interface ReleaseDraftInput {
  state: ActionState;
  basis: ReleaseRecord['basis'];
  /** The request as it may now be executed. */
  request: ActionRequest;
  changes: JsonObject | null;
  actionKey: Uint8Array;
  rejudged: ReleaseRecord['rejudged'];
  at: Date;
  /** As policy says; null where it says nothing. */
  collectWithinMs: number | null;
  /** How long policy holds what is approved, in milliseconds; none by default. */
  afterMs?: number;
  /** Policy lets one executor use up the permit without asking the engine. */
  offline?: boolean;
  /** The release whose permit this one replaces. Replacing it does not extend the time for collection. */
  replaces?: ReleaseRecord;
}

/** End of the hold after an approval. Emergencies are not held, and a fresh permit does not move the end. */
function heldUntil({ replaces, basis, afterMs = 0, at }: ReleaseDraftInput): string | null {
  if (replaces !== undefined) return replaces.notBefore ?? null;
  if (afterMs === 0 || basis === 'break_glass' || basis === 'observe') return null;
  return untilOf(at, afterMs);
}

/** The engine itself executes nothing offline, and an emergency is always reported to it first. */
const isOffline = ({ offline = false, basis, state }: ReleaseDraftInput): boolean =>
  offline && basis !== 'break_glass' && state.execution === undefined;

/** The record of a release and the permit bound to it. Nothing is released until the record is sealed. */
export async function draftRelease(
  deps: Pick<EngineDeps, 'store' | 'signers' | 'issuer'>,
  input: ReleaseDraftInput,
): Promise<{
  draft: RecordDraft;
  permit: PermitForms;
  until: Pick<ActionState, 'heldUntil' | 'collectUntil'>;
}> {
  const { state, request, at, basis } = input;
  const { tenant, id } = state.action;
  const signer = deps.signers(tenant).permit;
  const notBefore = heldUntil(input);
  const from = notBefore === null ? at : new Date(Math.max(at.getTime(), Date.parse(notBefore)));
  const collectUntil = input.replaces?.collectUntil ?? untilOf(from, input.collectWithinMs ?? COLLECT_MS[basis]);
  const iat = Math.floor(at.getTime() / 1000);
  // Up to the next second: an executor that checks by itself must not begin before the time is over.
  const nbf = Math.max(iat, notBefore === null ? 0 : Math.ceil(Date.parse(notBefore) / 1000));
  // The permit never outlives the time to collect it, because execution must not begin later.
  const lasts = Math.min(state.permitMs, PERMIT_MAX_MS, Date.parse(collectUntil) - from.getTime());
  const exp = nbf + Math.max(1, Math.floor(lasts / 1000));
  const jti = randomUUID();
  const req = requestHash(request, input.actionKey);
  const expiresAt = new Date(exp * 1000).toISOString();
  const offline = isOffline(input);
  const { review } = state;
  const record = await keepPeople<ReleaseRecord>(deps, {
    ...nextHead(state.action, 'release', at.toISOString()),
    surface: state.surface,
    basis,
    permit: { jti, kid: signer.kid, expiresAt, audience: state.surface, requestHash: req },
    rejudged: input.rejudged,
    ...(notBefore === null ? {} : { notBefore }),
    // An executor that is away does not learn that its permit is dead, so no other one takes its place.
    collectUntil: offline ? expiresAt : collectUntil,
    replaces: input.replaces?.permit.jti ?? null,
    ...(review === null
      ? {}
      : { review: { reviewers: review.reviewers, dueAt: new Date(review.dueAt).toISOString() } }),
    ...(offline ? { offline: true as const } : {}),
  });
  const encoded = encodeRecord(record);
  const clear = await signPermit(
    {
      iss: deps.issuer,
      aud: state.surface,
      sub: state.actor.id,
      iat,
      nbf,
      exp,
      jti,
      tenant,
      act: id,
      req,
      ...(input.changes === null ? {} : { changes: input.changes }),
      ...(request.resource?.version === undefined ? {} : { ver: request.resource.version }),
      ...(offline ? { offline: true as const } : {}),
      rec: encoded.hash,
    },
    signer,
  );
  return {
    draft: { record, encoded, permit: { jti, audience: state.surface, requestHash: req, expiresAt } },
    permit: { clear, sealed: sealPermit(input.actionKey, tenant, id, clear) },
    until: { heldUntil: notBefore, collectUntil: record.collectUntil ?? null },
  };
}

/** 9999-12-31, the last day of RFC 3339. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

const untilOf = (from: Date, ms: number): string =>
  new Date(Math.min(LAST_INSTANT, Math.max(from.getTime() + 1000, from.getTime() + ms))).toISOString();
