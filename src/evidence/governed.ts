/** One governed action, rebuilt from its records. */
import { includesId } from '../contract/identifiers.ts';
import {
  actingChain,
  actingIds,
  type DecisionRecord,
  type OtherRecord,
  type OutcomeRecord,
  type RecordPayload,
  type RedemptionRecord,
  type ReleaseRecord,
  type VerdictDecision,
  type VerdictRecord,
} from '../contract/index.ts';
import { releaseBasisOf } from '../contract/record.ts';
import { isErasure } from '../sealing/index.ts';
import type { Defect, FindingCode } from './finding.ts';
import { Override } from './override.ts';

/** The state of an action after the records seen so far. */
type Phase =
  | 'approved'
  | 'parked'
  | 'overridden'
  | 'refused'
  | 'expired'
  | 'cancelled'
  | 'released'
  | 'redeemed'
  | 'unreported'
  | 'settled';

const ENDED: readonly Phase[] = ['refused', 'expired', 'cancelled', 'settled'];

const FIRST_PHASE: Readonly<Record<VerdictDecision, Phase>> = {
  refuse: 'refused',
  supervise: 'parked',
  approve: 'approved',
  constrain: 'approved',
};

export interface Governed {
  readonly surface: string;
  /** The actor, and everybody it acts for. */
  readonly actors: readonly string[];
  /** What is wrong with the next record of the action; `signed` is false when the passkey assertion that it holds does not hold. */
  next(record: RecordPayload, signed: boolean): Defect[];
}

export class GovernedAction implements Governed {
  #phase: Phase;
  #override: Override | null = null;
  /** What the release of an action that no human decided must say. */
  readonly #basis: ReleaseRecord['basis'];
  readonly surface: string;
  readonly #requestHash: string | null;
  readonly actors: string[];
  /** The same, with the owners of agents among them. None of these may decide. */
  readonly #acting: string[];
  readonly #opening: Defect[] = [];
  /** Whether the action is a step of a plan: it waits for its turn, and is withdrawn with the others when its plan breaks. */
  readonly #isStep: boolean;
  /** Whether the executed request may differ from the one that was asked. */
  #changed: boolean;
  #isErased = false;
  /** The newest release. Only its permit counts. */
  #released: ReleaseRecord | null = null;
  #redemption: RedemptionRecord | null = null;
  #review: 'open' | 'overdue' | 'done' | null = null;

  constructor(record: VerdictRecord) {
    const { verdict, plan, surface, requestHash, actor, facts, step } = record;
    this.#isStep = step !== undefined;
    this.surface = surface;
    this.#requestHash = requestHash;
    this.actors = actingIds(actor);
    this.#acting = [...this.actors, ...actingChain(actor).flatMap(({ owner }) => owner ?? [])];
    this.#changed = verdict.changes !== null;
    this.#basis = releaseBasisOf(verdict);
    this.#phase = FIRST_PHASE[verdict.decision];
    if (this.#basis === 'break_glass') this.#review = 'open';
    if (this.#phase !== 'parked') return;
    if (plan === null || plan.stages.length === 0) {
      this.#opening.push({ code: 'plan-missing', message: 'it needs a human decision, but does not say whose' });
      return;
    }
    const blind = plan.fourEyes ? this.#acting.filter((id) => !includesId(plan.excluded, id)) : [];
    if (blind.length > 0) {
      const message = `its plan asks for four eyes, but would let ${blind.join(', ')} decide about their own request`;
      this.#opening.push({ code: 'four-eyes', message });
    }
    this.#override = new Override(plan, Date.parse(facts.now));
  }

  /** What is wrong with the verdict itself. */
  opening(): Defect[] {
    return this.#opening;
  }

  next(record: RecordPayload, signed: boolean): Defect[] {
    const defects: Defect[] = [];
    if (this.#isErased && !isErasure(record)) {
      defects.push({ code: 'after-end', message: `a record (${record.type}) follows its erasure` });
    }
    if ('surface' in record && record.surface !== this.surface) {
      defects.push({
        code: 'surface-differs',
        message: `it is about ${record.surface}, and the verdict was about ${this.surface}`,
      });
    }
    switch (record.type) {
      case 'verdict':
        return [...defects, ...this.#again(record)];
      case 'decision':
        return [...defects, ...this.#decision(record, signed)];
      case 'release':
        return [...defects, ...this.#release(record)];
      case 'redemption':
        return [...defects, ...this.#redeemed(record)];
      case 'outcome':
        return [...defects, ...this.#outcome(record)];
      case 'reconcile':
        return [...defects, ...this.#reconcile()];
      case 'review':
        return [...defects, ...this.#reviewed(record)];
      case 'key':
        if (isErasure(record)) return [...defects, ...this.#erased()];
        return [...defects, { code: 'out-of-place', message: 'a record about a key stands in a governed action' }];
      case 'drill':
        return [...defects, ...this.#drilled(record)];
      case 'policy':
      case 'freeze':
      case 'delegation':
      case 'credential':
      case 'tenant':
      case 'directory':
      case 'grant':
      case 'export':
      case 'finding':
      case 'statement':
        return [
          ...defects,
          { code: 'out-of-place', message: `a ${record.type} record is no part of a governed action` },
        ];
    }
  }

  /**
   * A second verdict refuses at release what people had approved. For a step of a plan it may also refuse what policy had approved, and at
   * the redemption a request that differs from the reviewed one.
   */
  #again({ verdict }: VerdictRecord): Defect[] {
    const waits = this.#isStep && this.#phase === 'approved';
    const differs = this.#isStep && this.#phase === 'released' && verdict.basis === 'plan';
    if ((this.#phase === 'overridden' || waits || differs) && verdict.decision === 'refuse') {
      this.#end('refused');
      return [];
    }
    return [this.#unexpected('a second verdict')];
  }

  #decision(record: DecisionRecord, signed: boolean): Defect[] {
    if (record.decision === 'cancelled' && this.#isWithdrawable()) {
      this.#end('cancelled');
      return [];
    }
    if (this.#override === null || !['parked', 'overridden'].includes(this.#phase)) {
      return [this.#unexpected(`a decision (${record.decision} by ${record.by})`)];
    }
    if (this.#phase === 'overridden' && record.decision !== 'expired') {
      return [
        { code: 'after-end', message: `${record.by} decided (${record.decision}) after the approval was complete` },
      ];
    }
    const { defects, state } = this.#override.decide(record, signed);
    if (state === 'approved') this.#phase = 'overridden';
    else if (state !== 'open') this.#end(state);
    if (record.changes !== null && Object.keys(record.changes).length > 0) this.#changed = true;
    return defects;
  }

  /** Withdrawn after approval: a held action, or a step of a plan that nobody began. */
  #isWithdrawable(): boolean {
    if (this.#phase === 'released') return this.#isStep || this.#released?.notBefore !== undefined;
    return this.#isStep && (this.#phase === 'approved' || this.#phase === 'overridden');
  }

  #release(record: ReleaseRecord): Defect[] {
    const defects: Defect[] = [];
    const add = (code: FindingCode, message: string): void => void defects.push({ code, message });
    const before = this.#released;
    const fresh = before !== null && this.#phase === 'released' && isFresh(before, record);
    const judgedBasis = this.#phase === 'overridden' ? 'override' : this.#basis;
    const expected = fresh ? before.basis : judgedBasis;
    if (this.#phase === 'parked') {
      add('quorum-missing', `it was released without its approval: ${this.#override?.lacking() ?? 'nobody was asked'}`);
    } else if (ENDED.includes(this.#phase) && this.#phase !== 'settled') {
      add('released-against-verdict', `it was released although it had been ${this.#phase}`);
    } else if (this.#phase !== 'approved' && this.#phase !== 'overridden' && !fresh) {
      add('released-twice', 'it was released a second time');
    } else if (record.basis !== expected) {
      add('basis-wrong', `it says that it was released by ${record.basis}, but it was by ${expected}`);
    }
    if (record.basis === 'override' && record.rejudged === null) {
      add('basis-wrong', 'an override was released without being judged once more by the policy then in force');
    }
    if (record.rejudged?.verdict.decision === 'refuse') {
      add('released-against-verdict', 'it was released although policy, asked once more at its release, refused it');
    }
    if (record.permit.audience !== this.surface) {
      add('permit-differs', `its permit is for ${record.permit.audience}, not for ${this.surface}`);
    }
    if (!this.#changed && record.permit.requestHash !== this.#requestHash) {
      add('permit-differs', 'its permit is for another request than the one that was judged, and nobody changed it');
    }
    if (fresh && record.rejudged === null) {
      add('basis-wrong', 'a fresh permit was given without being judged once more by the policy then in force');
    }
    this.#phase = 'released';
    this.#override = null;
    this.#released = record;
    return defects;
  }

  /** Redeemed once, with the newest permit, while it was valid. */
  #redeemed(record: RedemptionRecord): Defect[] {
    const { permit } = record;
    const at = record.offline?.at ?? record.at;
    const before = this.#phase;
    const released = this.#released;
    const late = before === 'unreported' && record.offline !== undefined && this.#redemption === null;
    if ((before !== 'released' && !late) || released === null) {
      const twice = this.#redemption !== null;
      const code = twice ? 'redeemed-twice' : 'redemption-wrong';
      return [{ code, message: `its permit was redeemed, though the action was ${twice ? 'begun already' : before}` }];
    }
    this.#phase = 'redeemed';
    this.#redemption = record;
    const defects: Defect[] = [];
    const add = (message: string): void => void defects.push({ code: 'redemption-wrong', message });
    if (permit.jti !== released.permit.jti) add('another permit was redeemed than the one that was released last');
    const { notBefore } = released;
    if (notBefore !== undefined && at < notBefore) add(`its permit was redeemed at ${at}, held until ${notBefore}`);
    if (at >= released.permit.expiresAt) add(`its permit was redeemed at ${at}, after it had expired`);
    if (record.offline !== undefined && released.offline !== true) add('its permit was used up without the engine');
    return defects;
  }

  #outcome({ status, at }: OutcomeRecord): Defect[] {
    const before = this.#phase;
    const open = before === 'released' || before === 'redeemed';
    if (open || (before === 'unreported' && status !== 'unreported' && status !== 'lapsed')) {
      this.#phase = status === 'unreported' ? 'unreported' : 'settled';
      return this.#fits(status, at);
    }
    if (before === 'settled' || before === 'unreported') {
      return [{ code: 'outcome-repeated', message: `an outcome (${status}) follows one that was final` }];
    }
    return [{ code: 'release-missing', message: `an outcome (${status}) stands without a release before it` }];
  }

  /** Outcomes that are possible for a permit that was, or was not, redeemed. Version 1 sealed no redemptions. */
  #fits(status: OutcomeRecord['status'], at: string): Defect[] {
    const until = this.#released?.collectUntil;
    if (until === undefined) return [];
    const redemption = this.#redemption;
    const offline = this.#released?.offline === true && redemption === null;
    if (offline && status === 'unreported') {
      return at < until ? [{ code: 'ended-early', message: 'it was called unreported while its permit was good' }] : [];
    }
    if (offline && status === 'lapsed') {
      return [
        { code: 'redemption-wrong', message: 'it lapsed, though its permit may have been used without the engine' },
      ];
    }
    if (redemption === null && status !== 'skipped' && status !== 'lapsed') {
      return [
        { code: 'redemption-missing', message: `it was reported as ${status}, and nobody had redeemed its permit` },
      ];
    }
    const early = 'before the time for it was over';
    if (status === 'lapsed') {
      if (redemption !== null)
        return [{ code: 'redemption-wrong', message: 'it lapsed, though its permit was redeemed' }];
      return at < until ? [{ code: 'ended-early', message: `it lapsed ${early}` }] : [];
    }
    if (status === 'unreported' && redemption !== null && at < redemption.reportBy) {
      return [{ code: 'ended-early', message: `it was called unreported ${early}` }];
    }
    return [];
  }

  #reconcile(): Defect[] {
    if (this.#phase !== 'unreported') return [this.#unexpected('a reconciliation')];
    this.#phase = 'settled';
    return [];
  }

  #reviewed({ by, body }: OtherRecord): Defect[] {
    const wrong = (message: string): Defect[] => [{ code: 'review-wrong', message }];
    if (this.#review === null) return wrong('a review follows a release that needed none');
    if (this.#review === 'done') return wrong('a review follows one that was final');
    if (this.#phase === 'approved') return wrong('a review came before the release');
    const state = body['state'];
    if (state === 'overdue') {
      this.#review = 'overdue';
      return [];
    }
    this.#review = 'done';
    const reviewers = body['reviewers'];
    if (by === null || !Array.isArray(reviewers) || !reviewers.includes(by)) {
      return wrong(`${by ?? 'nobody'} reviewed it, who is not one of its reviewers`);
    }
    return includesId(this.#acting, by) ? wrong(`${by} acted in it, and reviewed it`) : [];
  }

  /** The payload is deleted once, after the action has ended, and no record follows. */
  #erased(): Defect[] {
    const open = !ENDED.includes(this.#phase) && this.#phase !== 'unreported';
    const looked = this.#review === null || this.#review === 'done';
    const repeated = this.#isErased;
    this.#isErased = true;
    if (repeated) return [{ code: 'after-end', message: 'its payload was erased a second time' }];
    if (!open && looked) return [];
    return [
      { code: 'erased-open', message: `its payload was erased while it was ${open ? this.#phase : 'to be reviewed'}` },
    ];
  }

  /** A drill that somebody approved ends with this record; every other drill had ended before. */
  #drilled(record: OtherRecord): Defect[] {
    const missed = record.body['end'] === 'missed';
    if (missed && (this.#phase === 'parked' || this.#phase === 'overridden')) this.#end('refused');
    else if (missed || !ENDED.includes(this.#phase)) return [this.#unexpected('the end of a drill')];
    return [];
  }

  #unexpected(what: string): Defect {
    const ended = ENDED.includes(this.#phase);
    return {
      code: ended ? 'after-end' : 'out-of-place',
      message: `${what} follows, though the action was ${this.#phase}`,
    };
  }

  #end(phase: Phase): void {
    this.#phase = phase;
    this.#override = null;
  }
}

/** A fresh permit replaces the one before it, for the same audience and not beyond the time in which that one could be collected. */
function isFresh(before: ReleaseRecord, { replaces, collectUntil, permit, basis, at }: ReleaseRecord): boolean {
  return (
    before.collectUntil !== undefined &&
    replaces === before.permit.jti &&
    collectUntil === before.collectUntil &&
    permit.audience === before.permit.audience &&
    permit.requestHash === before.permit.requestHash &&
    basis === before.basis &&
    at < before.collectUntil
  );
}
