import { decodeJwt } from 'jose';
import { hashOf } from '../canonical/index.ts';
import {
  isCountersignError,
  isSettled,
  type Action,
  type OutcomeInput,
  type OutcomeRecord,
  type RedemptionRecord,
} from '../contract/index.ts';
import { verifyUnlessMadeHere } from '../keys/index.ts';
import { commitment, saltFor, verifyPermit } from '../sealing/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { EngineDeps } from './deps.ts';
import { readWholeLife, type Life } from './life.ts';
import { redeemerHash } from './redeem.ts';
import { insist, nextHead, permitOf, returnsOf, sealNext, type RecordDraft } from './seal.ts';
import type { NotDue, Refusal, SealOutcomeInput } from './types.ts';

export type OutcomeDeps = Pick<EngineDeps, 'store' | 'sequencer' | 'signers' | 'attestor' | 'hub' | 'now'>;

/** Checks that the permit is ours, and the current one of this action. Its expiry limits the execution, not the report. */
async function checkPermit(deps: OutcomeDeps, life: Life, permit: string): Promise<Refusal | null> {
  const { action } = life.state;
  const refusal = (which: string): Refusal => ({
    code: 'permit-invalid',
    message: `the permit ${which}; report with the permit that was redeemed`,
  });
  try {
    const { nbf, iat } = decodeJwt(permit);
    const claims = await verifyPermit(permit, deps.signers(action.tenant).allPermitKeys, {
      now: nbf ?? iat ?? 0,
      verify: verifyUnlessMadeHere,
    });
    if (claims.act !== action.id || claims.tenant !== action.tenant) return refusal('belongs to another action');
    const counts = life.redemption?.permit.jti ?? life.release?.permit.jti;
    return claims.jti === counts ? null : refusal('is dead, since another one took its place');
  } catch (error) {
    if (isCountersignError(error) && error.status >= 500) throw error;
    return refusal('is not one of ours');
  }
}

async function reporter(deps: OutcomeDeps, action: Action, attestation: string | undefined): Promise<string | null> {
  if (attestation === undefined) return null;
  const claims = await deps.attestor
    .verify(attestation, deps.now().getTime(), {
      kind: 'outcome',
      tenant: action.tenant,
      action: action.id,
    })
    .catch(() => null);
  return claims?.by ?? null;
}

/** Version 1 had no redemption records. Actions released under it end as they did then. */
const knowsRedemption = ({ release }: Life): boolean => release?.collectUntil !== undefined;

/** The status that follows if the executor stays silent, and when. */
function silence({ state, release, redemption }: Life): { status: 'unreported' | 'lapsed'; at: number } | null {
  if (state.action.status !== 'released' || release === null) return null;
  if (redemption !== null) return { status: 'unreported', at: Date.parse(redemption.reportBy) };
  // An executor may have used the permit offline. It has as long to report as after any redemption.
  if (release.offline === true) {
    return { status: 'unreported', at: Date.parse(release.permit.expiresAt) + state.outcomeWithinMs };
  }
  if (release.collectUntil !== undefined) return { status: 'lapsed', at: Date.parse(release.collectUntil) };
  return { status: 'unreported', at: Date.parse(release.at) + state.outcomeWithinMs };
}

/** When the silence of a released action counts, in milliseconds since the epoch; null where there is nothing to wait for. */
export const dueOf = (life: Life | null): number | null => (life === null ? null : (silence(life)?.at ?? null));

/**
 * When to look again for silence, in milliseconds since the epoch. The workflow hears of no redemption. While the permit is valid, one may
 * have happened since, and its report may be due.
 */
function nextLook({ state, release, redemption }: Life, due: number, now: number): number {
  const until = redemption === null && release !== null ? Date.parse(release.permit.expiresAt) : 0;
  return now < until ? Math.min(due, until, now + state.outcomeWithinMs) : due;
}

/** What the caller of {@link sealOutcome} knows by itself. */
export interface KnownReport {
  /** The whole life of the action, where it was just read. */
  life?: Life | undefined;
  /** Who reports, where this process has authenticated them; otherwise the report's attestation says so. */
  by?: string;
}

/**
 * Seals the executor's report, or its silence: `lapsed` where nobody redeemed, `unreported` where somebody did. The same report again gets
 * the same answer; another one is refused. A late report of an unreported action still counts, because the truth matters more than the
 * deadline.
 */
export async function sealOutcome(
  deps: OutcomeDeps,
  input: SealOutcomeInput,
  known: KnownReport = {},
): Promise<Action | { refusal: Refusal } | NotDue> {
  const { tenant, id } = input.action;
  let first = known.life;
  return insist(async () => {
    const life = first ?? (await readWholeLife(deps, tenant, id));
    first = undefined;
    if (life === null) throw new Error('an outcome of an action that is not stored');
    return input.outcome === null ? sealSilence(deps, life) : sealReport(deps, life, input.outcome, known.by);
  });
}

async function sealSilence(deps: OutcomeDeps, life: Life): Promise<Action | { refusal: Refusal } | NotDue | null> {
  const { status } = life.state.action;
  if (isSettled(status) || status === 'unreported') return standing(life);
  const means = silence(life);
  if (means === null) {
    return { refusal: { code: 'not-open', message: `there is nothing to report: this action is ${status}` } };
  }
  const now = deps.now();
  if (now.getTime() < means.at) {
    return {
      refusal: { code: 'not-open', message: 'there is still time to collect, or to report' },
      wakeAt: nextLook(life, means.at, now.getTime()),
    };
  }
  const report = { status: means.status, reference: null, detail: null };
  // Nobody redeemed, and now nobody can, so its share of limits is given back.
  return seal(deps, life, { ...report, by: null }, null, { releaseReservations: means.status === 'lapsed' });
}

async function sealReport(
  deps: OutcomeDeps,
  life: Life,
  outcome: NonNullable<SealOutcomeInput['outcome']>,
  known: string | undefined,
): Promise<Action | { refusal: Refusal } | null> {
  const { state, payload, redemption } = life;
  const { tenant, id, status: current } = state.action;
  const invalid = await checkPermit(deps, life, outcome.permit);
  if (invalid !== null) return { refusal: invalid };
  const detail =
    outcome.detail === undefined || payload === null
      ? null
      : commitment(saltFor(payload.actionKey, 'outcome.detail'), 'outcome.detail', outcome.detail);
  const report = { status: outcome.status, reference: outcome.reference ?? null, detail };
  const other = takenByAnother(life, outcome);
  if (other !== null) return { refusal: other };
  if (isSettled(current)) {
    const same =
      state.outcome !== null &&
      Object.entries(report).every(([key, value]) => state.outcome?.[key as keyof typeof report] === value);
    if (same) return standing(life);
    return {
      refusal: {
        code: 'outcome-already-reported',
        message: `this action was already settled as ${current}; nothing was changed`,
      },
    };
  }
  if (current !== 'released' && current !== 'unreported') {
    return { refusal: { code: 'not-open', message: `there is nothing to report: this action is ${current}` } };
  }
  const by = known ?? (await reporter(deps, state.action, outcome.attestation));
  const offline = redemption === null ? takenOffline(deps, life, outcome, by) : null;
  if (offline !== null && 'refusal' in offline) return offline;
  if (outcome.status !== 'skipped' && redemption === null && offline === null && knowsRedemption(life)) {
    return {
      refusal: {
        code: 'permit-not-redeemed',
        message: `nothing was ${outcome.status} under a permit that nobody redeemed; redeem it first, or report \`skipped\``,
      },
    };
  }
  const words = outcome.detail;
  if (words !== undefined && detail !== null) {
    // The record only commits to the detail. It is stored so that it can be opened, and deleted with the payload.
    await deps.store.payloads.update(tenant, id, (stored) => ({ ...stored, detail: words }));
  }
  return seal(deps, life, { ...report, by }, report, { releaseReservations: didNothing(outcome), offline });
}

/** An executor's report about a permit that it used offline. */
type Offline = Pick<RedemptionRecord, 'by' | 'redeemer' | 'reportBy'> & { at: string };

/** Refuses the report of an executor that did not redeem the permit, because two may have acted. */
function takenByAnother({ state, redemption }: Life, { redeemer }: OutcomeInput): Refusal | null {
  if (redemption === null || redeemer === undefined) return null;
  if (redeemerHash(state.action.tenant, redemption.permit.jti, redeemer) === redemption.redeemer) return null;
  return {
    code: 'permit-already-redeemed',
    message: `another executor took this permit at ${redemption.offline?.at ?? redemption.at}; nothing was changed. if this one acted too, it happened twice`,
  };
}

/** Null where the report is not about an offline use. */
function takenOffline(
  deps: OutcomeDeps,
  { state, release }: Life,
  { status, redeemer, redeemedAt }: OutcomeInput,
  by: string | null,
): Offline | { refusal: Refusal } | null {
  if (release?.offline !== true || status === 'skipped' || redeemedAt === undefined) return null;
  if (redeemer === undefined || by === null) {
    const message = 'say over HTTP as whom it was used up: the same `redeemer` with every report of it';
    return { refusal: { code: 'permit-not-redeemed', message } };
  }
  const taken = Date.parse(redeemedAt);
  const good = taken + CLOCKS_MS >= Date.parse(release.at) && taken < Date.parse(release.permit.expiresAt);
  if (!good || taken > deps.now().getTime() + CLOCKS_MS) {
    const message = `the permit was not good at ${redeemedAt}; nothing was changed. an owner looks what happened, and reconciles it`;
    return { refusal: { code: 'permit-expired', message } };
  }
  return {
    at: new Date(taken).toISOString(),
    by,
    redeemer: redeemerHash(state.action.tenant, release.permit.jti, redeemer),
    reportBy: new Date(taken + state.outcomeWithinMs).toISOString(),
  };
}

/** Milliseconds that the clocks of engine and executor may differ by. */
const CLOCKS_MS = 5000;

const didNothing = (outcome: OutcomeInput): boolean => outcome.status !== 'executed';

/** The action's current state, with its permit. An erasure deletes the key that could open the permit. */
const standing = ({ state, sealedPermit, payload }: Life): Action => ({
  ...state.action,
  permit: permitOf(payload?.actionKey ?? null, state.action, sealedPermit)?.clear ?? state.action.permit,
});

/** Seals one more record of the action; null if a concurrent step was faster. */
async function seal(
  deps: OutcomeDeps,
  { state, release, sealedPermit, payload, verdict }: Life,
  said: Pick<OutcomeRecord, 'status' | 'reference' | 'detail' | 'by'>,
  outcome: ActionState['outcome'],
  { releaseReservations, offline = null }: { releaseReservations: boolean; offline?: Offline | null },
): Promise<Action | null> {
  const at = deps.now().toISOString();
  const drafts: RecordDraft[] = [];
  let { action } = state;
  if (offline !== null && release !== null) {
    const { jti } = release.permit;
    const taken: RedemptionRecord = {
      ...nextHead(action, 'redemption', at),
      surface: state.surface,
      permit: { jti },
      by: offline.by,
      redeemer: offline.redeemer,
      reportBy: offline.reportBy,
      offline: { at: offline.at },
    };
    drafts.push({ record: taken, redeems: jti });
    action = { ...action, redeemedAt: offline.at, records: [...action.records, hashOf(taken)] };
  }
  const record: OutcomeRecord = {
    ...nextHead(action, 'outcome', at),
    surface: state.surface,
    ...said,
    ...returnsOf(verdict, releaseReservations),
  };
  drafts.push({ record, releaseReservations });
  const { records } = state.action;
  const next: ActionState = { ...state, outcome, action: { ...action, records, status: said.status, updatedAt: at } };
  const permit = permitOf(payload?.actionKey ?? null, state.action, sealedPermit);
  return sealNext(deps, next, drafts, permit);
}
