/** Seals decisions of people, of the clock, and withdrawals about a parked action. The sealed records and the reducer say what they do. */
import { ENGINE_ID, ENGINE_VIA, NAMESPACE_ID } from '../contract/engine-names.ts';
import { hashOf } from '../canonical/index.ts';
import { presenceOf, type Action, type DecisionRecord, type Json } from '../contract/index.ts';
import {
  approvalView,
  checkEvent,
  reduce,
  type ApprovalEffect,
  type ApprovalEvent,
  type ApprovalState,
} from '../approval/index.ts';
import type { Drill } from '../register/index.ts';
import { encodeRecord, peopleEntry, proveMembership, withAttestation } from '../sealing/index.ts';
import { admitTo } from './admit.ts';
import { effectsOfDecision } from './approval-of-records.ts';
import type { EngineDeps } from './deps.ts';
import { endOfDrill, openedDrill, refusedAsDrill } from './drills.ts';
import { freezeReason } from './freeze.ts';
import { readLife, readPayload, type Life } from './life.ts';
import { keepPeople } from './people.ts';
import { insist, nextHead, returnsOf, sealNext, withPermit, type RecordDraft } from './seal.ts';
import { standingAgainst } from './refusals.ts';
import { sealedChanges } from './sealed-changes.ts';
import { isHeld, withdrawHeld } from './withdraw-held.ts';
import type { DecisionEvidence, Refusal, Sealed, SealDecisionInput } from './types.ts';
import { hashOfText, unreachableBy } from './words.ts';

const NO_EVIDENCE: DecisionEvidence = {
  slack: null,
  shown: null,
  responsibility: null,
  assurance: null,
  attestation: null,
};

/**
 * Seals the next records of a parked action: first what is due, then the message. The message is verified here, and the reducer
 * applies it to the sealed records. Nothing else from the caller is trusted. Without a message, only what is due is sealed, so an early
 * expiry or escalation is impossible.
 */
export function sealDecision(deps: EngineDeps, input: SealDecisionInput): Promise<Sealed> {
  const { tenant, id } = input.action;
  return insist(async () => {
    const life = await readLife(deps, tenant, id);
    if (life === null) throw new Error('a decision about an action that is not stored');
    const { approval, action } = life.state;
    const stands = async (refusal?: Refusal): Promise<Sealed> => ({
      action: await withPermit(deps, life.state, life.sealedPermit),
      approval,
      effects: [],
      ...(refusal === undefined ? {} : { refusal }),
    });
    const before = input.attestation === undefined ? -1 : sealedAt(life, hashOfText(input.attestation));
    if (before !== -1) {
      const refusal = { code: 'already-decided', message: 'this very message was sealed before; it counts once' };
      const records = life.records.map(({ record }) => record);
      // An earlier attempt sealed this and died before it could answer.
      const effects = effectsOfDecision(records, before, life.verdict, life.payload);
      return { ...(await stands(refusal)), effects, repeated: true };
    }
    if (isHeld(life) && input.kind === 'cancel' && input.attestation !== undefined) {
      const withdrawn = await withdrawHeld(deps, life, input.attestation);
      return withdrawn !== null && !('action' in withdrawn) ? stands(withdrawn.refusal) : withdrawn;
    }
    if (approval === null || action.status !== 'supervised') {
      const message = `this action is already ${action.status}; nothing was changed`;
      return stands(input.attestation === undefined ? undefined : { code: 'not-open', message });
    }
    const looked = await deps.register.current(tenant);
    const drill = deps.register.drills.find(looked, tenant, id);
    const next = new NextRecords(life, approval, deps, drill);
    await timePassed(deps, next, life);
    const refusal = next.isOpen() ? await weigh(deps, next, life, input) : notOpen(input, next);
    if (next.drafts.length === 0) return stands(refusal);
    const sealed = await sealNext(deps, next.after(), next.drafts, null);
    if (sealed === null) return null;
    return {
      action: sealed,
      approval: next.approval,
      effects: next.effects,
      ...(refusal === undefined ? {} : { refusal }),
    };
  });
}

/** Index of the record that names this attestation; -1 where none does. */
function sealedAt({ records }: Life, attestation: string): number {
  return records.findIndex(
    ({ record }) =>
      ('attestation' in record && record.attestation === attestation) ||
      ('body' in record && record.body['attestation'] === attestation),
  );
}

const notOpen = ({ attestation }: SealDecisionInput, { action }: NextRecords): Refusal | undefined =>
  attestation === undefined
    ? undefined
    : { code: 'not-open', message: `this action is already ${action.status}; nothing was changed` };

/** Collects the next records in order, and the action's state after them. */
class NextRecords {
  readonly drafts: RecordDraft[] = [];
  readonly effects: ApprovalEffect[] = [];
  approval: ApprovalState;
  action: Action;
  readonly now: Date;
  readonly #life: Life;
  readonly #deps: Pick<EngineDeps, 'store' | 'attestation'>;
  readonly #drill: Drill | null;

  constructor(
    life: Life,
    approval: ApprovalState,
    deps: Pick<EngineDeps, 'store' | 'now' | 'attestation'>,
    drill: Drill | null,
  ) {
    this.#drill = drill;
    this.#life = life;
    this.approval = approval;
    this.action = life.state.action;
    this.now = deps.now();
    this.#deps = deps;
  }

  isOpen(): boolean {
    return this.action.status === 'supervised';
  }

  /** The event's effects, and the escalations among them as records. */
  apply(event: ApprovalEvent): ApprovalEffect[] {
    const { state, effects } = reduce(this.approval, event, this.now.getTime());
    this.approval = state;
    this.effects.push(...effects);
    return effects;
  }

  /** Added approvers are sealed before they are asked. */
  async escalations(effects: readonly ApprovalEffect[], unreachable?: string[]): Promise<void> {
    for (const effect of effects) {
      if (effect.type !== 'escalate') continue;
      await this.add({
        decision: 'escalated',
        stage: effect.stage,
        reason: effect.because,
        added: effect.people,
        ...(unreachable === undefined ? {} : { unreachable }),
      });
    }
  }

  /** The attestation key signs the whole record of a person's decision. */
  async add(said: Pick<DecisionRecord, 'decision' | 'stage'> & Partial<DecisionRecord>): Promise<void> {
    const at = this.now.toISOString();
    const status = this.#statusAfter(said.decision);
    const final = said.decision === 'refuse' && status === 'refused';
    // Refusing a drill stands against no later request.
    const stands =
      final && this.#drill === null ? standingAgainst(this.#life.verdict.effect, this.approval, this.now) : [];
    const bare = await keepPeople<DecisionRecord>(this.#deps, {
      ...nextHead(this.action, 'decision', at),
      surface: this.#life.state.surface,
      by: ENGINE_ID,
      delegation: null,
      reason: null,
      via: ENGINE_VIA,
      changes: null,
      until: null,
      added: null,
      ...NO_EVIDENCE,
      ...said,
      ...(await membershipIn(this.#life, said)),
      ...(stands.length === 0 ? {} : { stands }),
      ...returnsOf(this.#life.verdict, status !== 'supervised'),
    });
    const record = bare.attestation === null ? bare : await withAttestation(bare, this.#deps.attestation());
    const encoded = encodeRecord(record);
    this.drafts.push({ record, encoded, releaseReservations: status !== 'supervised' });
    const approval = approvalView(this.approval);
    this.action = {
      ...this.action,
      status,
      approval,
      records: [...this.action.records, encoded.hash],
      updatedAt: at,
    };
    this.#openDrill(said, at);
  }

  /** A drill is over with the first approval, or with the action. */
  #openDrill({ decision, by = ENGINE_ID }: Partial<DecisionRecord>, at: string): void {
    const end = this.#drill === null ? null : endOfDrill(decision, this.action.status);
    if (this.#drill === null || end === null) return;
    const record = openedDrill(this.action, this.#drill, { end, by, surface: this.#life.state.surface, at });
    this.drafts.push({ record, releaseReservations: true });
    const records = [...this.action.records, hashOf(record)];
    const ended: Action = { ...this.action, records };
    this.action = end === 'missed' ? refusedAsDrill(ended, record) : ended;
  }

  #statusAfter(decision: DecisionRecord['decision']): Action['status'] {
    if (decision === 'expired' || decision === 'cancelled') return decision;
    return this.approval.status === 'refused' ? 'refused' : 'supervised';
  }

  /** The state to store beside the drafts. Sealing adds their hashes. */
  after(): Life['state'] {
    const { state } = this.#life;
    return { ...state, approval: this.approval, action: { ...this.action, records: state.action.records } };
  }
}

/** Proof that an approver is on the list of the plan, where the record of the verdict has only the hash of that list. */
async function membershipIn(
  { records, verdict: { plan } }: Pick<Life, 'records' | 'verdict'>,
  { by, delegation, stage: index }: Pick<DecisionRecord, 'stage'> & Partial<DecisionRecord>,
): Promise<Pick<DecisionRecord, 'membership'>> {
  const named = records[0]?.named ?? [];
  const stage = plan?.stages[index];
  const person = delegation?.from ?? by;
  if (named.length === 0 || stage === undefined || person === undefined) return {};
  const list = [stage.approvers, stage.escalate?.approvers ?? []].find((people) => people.includes(person)) ?? [];
  const membership = named.includes(peopleEntry(list)) ? await proveMembership(list, person) : null;
  return membership === null ? {} : { membership };
}

/** Seals what is due: more people to ask, or the end of the wait. */
async function timePassed(deps: EngineDeps, next: NextRecords, { state }: Life): Promise<void> {
  await next.escalations(next.apply({ type: 'tick' }));
  const { status, stage, expiresAt } = next.approval;
  if (status === 'expired') return next.add({ decision: 'expired', stage });
  // It was approved, but frozen until its time ran out. Nothing is released after the approvers' deadline.
  if (status !== 'approved' || next.now.getTime() < expiresAt) return;
  // The same holds for a step whose turn did not come in time.
  const waits = state.step !== undefined;
  if (waits || (await freezeReason(deps, state.action.tenant, state.surface, state.actor)) !== null) {
    await next.add({ decision: 'expired', stage });
  }
}

/** Applies the message, if there is one; returns why it does not count. */
async function weigh(
  deps: EngineDeps,
  next: NextRecords,
  life: Life,
  input: SealDecisionInput,
): Promise<Refusal | undefined> {
  if (input.unreachable !== undefined) {
    const people = await unreachableBy(deps, input.action, input.unreachable);
    await next.escalations(next.apply({ type: 'unreachable', people }), people);
    return undefined;
  }
  if (input.attestation === undefined) {
    // Anyone who may write to the namespace can withdraw, because that releases nothing.
    if (input.decision === 'cancelled') await withdraw(next, NAMESPACE_ID, NO_EVIDENCE);
    return undefined;
  }
  const kind = input.kind ?? 'decide';
  const admitted = await admitTo(deps, life, { attestation: input.attestation, kind });
  if ('refusal' in admitted) return admitted.refusal;
  if (!('event' in admitted)) return { code: 'invalid-request', message: `this is not a ${kind} message` };
  const { event, evidence } = admitted;
  if (event.type === 'cancel') {
    await withdraw(next, event.by, evidence);
    return undefined;
  }
  const refusal = checkEvent(next.approval, event, next.now.getTime());
  if (refusal !== null) return refusal;
  const { stage } = next.approval;
  if (event.type === 'answer') {
    next.apply(event);
    await next.add({ decision: 'answered', by: event.by, via: 'api', stage, reason: event.text, ...evidence });
    return undefined;
  }
  if (event.type !== 'decide') return { code: 'invalid-request', message: `this is not a ${kind} message` };
  const seq = next.action.records.length;
  const { by, decision, via, delegation, reason, until } = event;
  const changes = event.changes === null ? null : await keepChanges(deps, life, event.changes, seq);
  const effects = next.apply(event);
  await next.add({
    decision,
    by,
    via,
    stage,
    delegation,
    reason,
    changes,
    ...evidence,
    presence: presenceOf(via, evidence.assurance !== null),
    until: until === null ? null : new Date(until).toISOString(),
  });
  await next.escalations(effects);
  return undefined;
}

/** An approved action that a freeze holds back can be withdrawn too. */
async function withdraw(next: NextRecords, by: string, evidence: DecisionEvidence): Promise<void> {
  const { stage, status } = next.approval;
  if (status === 'open') next.apply({ type: 'cancel', by });
  await next.add({ decision: 'cancelled', by, stage, ...evidence });
}

/** Stored before the record that commits to them, because an opening needs the values as well as the salts. */
async function keepChanges(
  deps: EngineDeps,
  life: Life,
  changes: Record<string, Json>,
  seq: number,
): Promise<DecisionRecord['changes']> {
  const { tenant, id } = life.state.action;
  const payload = life.payload ?? (await readPayload(deps, tenant, id));
  if (payload === null) throw new Error('the payload of a parked action is not in the store');
  await deps.store.payloads.update(tenant, id, (stored) => {
    const decided = { ...stored.decided, [seq]: changes };
    return { ...stored, decided };
  });
  return sealedChanges(life.state.disclosed, payload.request, changes, payload.actionKey, seq);
}
