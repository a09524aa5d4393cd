import { randomUUID } from 'node:crypto';
import { hashOf } from '../canonical/index.ts';
import type { ActionRequest, JsonObject, ReleaseRecord } from '../contract/index.ts';
import { requestHash, signPermit } from '../sealing/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { EngineDeps } from './deps.ts';
import { sealPermit } from './permit.ts';
import { nextHead, type RecordDraft } from './seal.ts';

/** A permit lives no longer than this (contract section 3), whatever a row says. */
const PERMIT_MAX_MS = 5 * 60_000;
/** The default time for collecting a fresh permit: people ask late, machines immediately. */
const COLLECT_MS: Record<ReleaseRecord['basis'], number> = {
  override: 8 * 3_600_000,
  rule: 10 * 60_000,
  observe: 10 * 60_000,
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
  /** The release whose permit this one replaces. Replacing it does not extend the time for collection. */
  replaces?: ReleaseRecord;
}

/** The record of a release and the permit bound to it. Nothing is released until the record is sealed. */
export async function draftRelease(
  deps: Pick<EngineDeps, 'signers' | 'issuer'>,
  input: ReleaseDraftInput,
): Promise<{ draft: RecordDraft; permit: { sealed: string; clear: string } }> {
  const { state, request, at, basis } = input;
  const { tenant, id } = state.action;
  const signer = deps.signers(tenant).permit;
  const collectUntil = input.replaces?.collectUntil ?? untilOf(at, input.collectWithinMs ?? COLLECT_MS[basis]);
  const iat = Math.floor(at.getTime() / 1000);
  // Never after the time to collect it is over: execution must not begin later.
  const lasts = Math.min(state.permitMs, PERMIT_MAX_MS, Date.parse(collectUntil) - at.getTime());
  const exp = iat + Math.max(1, Math.floor(lasts / 1000));
  const jti = randomUUID();
  const req = requestHash(request, input.actionKey);
  const expiresAt = new Date(exp * 1000).toISOString();
  const { review } = state;
  const record: ReleaseRecord = {
    ...nextHead(state.action, 'release', at.toISOString()),
    surface: state.surface,
    basis,
    permit: { jti, kid: signer.kid, expiresAt, audience: state.surface, requestHash: req },
    rejudged: input.rejudged,
    collectUntil,
    replaces: input.replaces?.permit.jti ?? null,
    ...(review === null
      ? {}
      : { review: { reviewers: review.reviewers, dueAt: new Date(review.dueAt).toISOString() } }),
  };
  const clear = await signPermit(
    {
      iss: deps.issuer,
      aud: state.surface,
      sub: state.actor.id,
      iat,
      nbf: iat,
      exp,
      jti,
      tenant,
      act: id,
      req,
      ...(input.changes === null ? {} : { changes: input.changes }),
      ...(request.resource?.version === undefined ? {} : { ver: request.resource.version }),
      rec: hashOf(record),
    },
    signer,
  );
  return {
    draft: { record, permit: { jti, audience: state.surface, requestHash: req, expiresAt } },
    permit: { clear, sealed: sealPermit(input.actionKey, tenant, id, clear) },
  };
}

/** 9999-12-31, the last day of RFC 3339. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

const untilOf = (from: Date, ms: number): string =>
  new Date(Math.min(LAST_INSTANT, Math.max(from.getTime() + 1000, from.getTime() + ms))).toISOString();
