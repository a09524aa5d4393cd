/** Recounts a supervised override from its sealed plan and decisions. */
import { ENGINE_ID, ENGINE_VIA } from '../contract/engine-names.ts';
import { includesId } from '../contract/identifiers.ts';
import { presenceIn, type ApprovalPlan, type DecisionRecord } from '../contract/index.ts';
import { isAmong, isFolded } from '../sealing/index.ts';
import type { Defect, FindingCode } from './finding.ts';

export type OverrideState = 'open' | 'approved' | 'refused' | 'expired' | 'cancelled';

interface Word {
  stage: number;
  people: string[];
  decision: 'approve' | 'refuse';
}

const blank = (text: string | null): boolean => text === null || text.trim() === '';

export class Override {
  readonly #plan: ApprovalPlan;
  /** Milliseconds since the epoch. */
  readonly #openedAt: number;
  readonly #added: string[] = [];
  /** True once people were added whom the records only name by a hash. Each decider then proves to be on a list of the plan. */
  #addedByHash = false;
  #words: Word[] = [];
  #stage = 0;
  #asked = false;
  /** Hashes of the newest record at the time of each decision. The engine may add people between a decision and its seal. */
  #newest: (string | null)[] = [];
  #escalated = false;

  constructor(plan: ApprovalPlan, openedAt: number) {
    this.#plan = plan;
    this.#openedAt = openedAt;
  }

  /**
   * Checks a decision and applies it. A wrong decision does not count.
   *
   * @param signed False when the passkey assertion that it holds does not hold.
   */
  decide(record: DecisionRecord, signed: boolean): { defects: Defect[]; state: OverrideState } {
    this.#newest = this.#escalated ? [...this.#newest, record.prev] : [record.prev];
    this.#escalated = record.decision === 'escalated';
    const open = (defects: Defect[]): { defects: Defect[]; state: OverrideState } => ({ defects, state: 'open' });
    switch (record.decision) {
      case 'expired':
      case 'cancelled':
        return { defects: [], state: record.decision };
      case 'answered': {
        const asked = this.#asked;
        this.#asked = false;
        return open(asked ? [] : [{ code: 'out-of-place', message: 'an answer follows, though nobody asked' }]);
      }
      case 'escalated':
        return open(this.#escalate(record));
      case 'return':
      case 'extend':
      case 'approve':
      case 'refuse': {
        const defects = this.#check(record);
        if (signed) defects.push(...this.#signedBefore(record));
        if (defects.length > 0 || !signed) return open(defects);
        if (record.decision === 'return') this.#asked = true;
        if (record.decision !== 'approve' && record.decision !== 'refuse') return open([]);
        return { defects, state: this.#count(record, record.decision) };
      }
    }
  }

  /** Whose approval is missing, in words. */
  lacking(): string {
    const stage = this.#plan.stages[this.#stage];
    if (stage === undefined) return 'its plan has no such stage';
    return `stage \`${stage.name}\` has ${this.#countOf('approve')} of the ${stage.quorum} approvals it needs`;
  }

  #check(record: DecisionRecord): Defect[] {
    const defects: Defect[] = [];
    const add = (code: FindingCode, message: string): void => void defects.push({ code, message });
    const plan = this.#plan;
    const stage = plan.stages[record.stage];
    const { by, decision, delegation, changes } = record;
    const people = delegation === null ? [by] : [by, delegation.from];
    const counts = decision === 'approve' || decision === 'refuse';
    if (stage === undefined || record.stage !== this.#stage) {
      add('stage-wrong', `${by} decided in stage ${record.stage}, but stage ${this.#stage} was open`);
      return defects;
    }
    for (const person of people.filter((id) => includesId(plan.excluded, id))) {
      add('four-eyes', `${person} asked for this, or it was asked for them, and they decided about it (${decision})`);
    }
    const authority = delegation?.from ?? by;
    const { membership } = record;
    const isAsked =
      isAmong(stage.approvers, authority, membership) ||
      (this.#addedByHash && isAmong(stage.escalate?.approvers ?? [], authority, membership)) ||
      this.#added.includes(authority);
    if (!isAsked) {
      add('not-an-approver', `${authority} decided (${decision}), who is no approver of stage \`${stage.name}\``);
    }
    if (counts && this.#used(people)) {
      add('voted-twice', `${by} decided (${decision}) a second time, or for somebody whose word was given already`);
    }
    if (record.via === ENGINE_VIA || !plan.via.includes(record.via)) {
      add('door-closed', `${by} decided through ${record.via}, which the plan does not allow`);
    }
    if (counts && stage.assurance === 'passkey' && record.assurance === null) {
      add('passkey-missing', `${by} decided (${decision}) without the passkey that stage \`${stage.name}\` asks for`);
    }
    const { presence, ...said } = record;
    if (presence !== undefined && presence !== presenceIn(said)) {
      add('passkey-missing', `${by} is said to have been there by ${presence}, which the record does not show`);
    }
    if (record.attestation === null) add('not-attested', `nobody attested that it was ${by} who decided (${decision})`);
    const needsReason = decision === 'refuse' || (decision === 'approve' && plan.reason === 'required');
    if (needsReason && blank(record.reason)) add('reason-missing', `${by} decided (${decision}) without a reason`);
    const changed = Object.keys(changes ?? {});
    const forbidden = decision === 'approve' ? changed.filter((path) => !plan.mayChange.includes(path)) : changed;
    if (forbidden.length > 0)
      add('change-not-allowed', `${by} changed ${forbidden.join(', ')}, which the plan forbids`);
    if (decision === 'extend') {
      const latest = plan.extendUpToMs === null ? null : this.#openedAt + plan.extendUpToMs;
      if (latest === null || record.until === null || !(Date.parse(record.until) <= latest)) {
        add(
          'extended-too-far',
          `${by} extended the wait to ${record.until ?? 'no time'}, further than the plan allows`,
        );
      }
    }
    return defects;
  }

  #signedBefore({ assurance, by, decision }: DecisionRecord): Defect[] {
    if (assurance === null || this.#newest.includes(String(assurance['after']))) return [];
    const message = `the passkey of ${by} signed the action as it was before (${decision})`;
    return [{ code: 'passkey-wrong', message }];
  }

  #escalate({ added, stage: index, by }: DecisionRecord): Defect[] {
    const stage = this.#plan.stages[index];
    const planned = stage?.escalate?.approvers ?? [];
    const allowed = planned.filter((person) => !includesId(this.#plan.excluded, person));
    const isByHash = isFolded(planned);
    const strangers = isByHash ? [] : (added ?? []).filter((person) => !allowed.includes(person));
    if (by !== ENGINE_ID || index !== this.#stage || strangers.length > 0) {
      const who = strangers.length > 0 ? strangers.join(', ') : `people, by ${by} in stage ${index}`;
      return [{ code: 'not-an-approver', message: `an escalation asked ${who}, whom the plan does not name for it` }];
    }
    if (isByHash) this.#addedByHash = true;
    else this.#added.push(...(added ?? []));
    return [];
  }

  #count({ by, delegation, stage }: DecisionRecord, decision: Word['decision']): OverrideState {
    const plan = this.#plan.stages[stage];
    this.#words.push({ stage, people: delegation === null ? [by] : [by, delegation.from], decision });
    if (plan === undefined) return 'open';
    if (decision === 'refuse') return this.#countOf('refuse') >= plan.refusals ? 'refused' : 'open';
    if (this.#countOf('approve') < plan.quorum) return 'open';
    this.#stage += 1;
    this.#asked = false;
    this.#added.length = 0;
    this.#addedByHash = false;
    if (!this.#plan.fourEyes) this.#words = [];
    return this.#stage >= this.#plan.stages.length ? 'approved' : 'open';
  }

  #countOf(decision: Word['decision']): number {
    return this.#words.filter((word) => word.stage === this.#stage && word.decision === decision).length;
  }

  /** Under four eyes a person decides once in the whole plan, otherwise once in each stage. */
  #used(people: readonly string[]): boolean {
    return this.#words.some((word) => word.people.some((person) => people.includes(person)));
  }
}
