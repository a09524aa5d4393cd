/** Follows standing approvals through the log, and checks that each covered what was released under it. */
import { addDecimals, compareDecimals, formatDecimal, parseDecimal, type Decimal } from '../canonical/index.ts';
import type { DecisionRecord, RecordPayload, VerdictRecord } from '../contract/index.ts';
import { grantChangeOf, type GrantChange } from '../sealing/index.ts';
import type { Defect } from './finding.ts';

/** How long a judgement may take before it is sealed. */
const UNDERWAY_MS = 60_000;

interface Granted extends GrantChange {
  at: string;
  revokedAt: string | null;
  used: number;
  sum: Decimal;
}

const AMOUNT = /^(0|[1-9][0-9]*)(\.[0-9]+)?$/;
const exact = (text: string): Decimal => parseDecimal(text, Infinity);

export class GrantsAudit {
  readonly #grants = new Map<string, Granted>();
  /** Sealed approvals, by the hashes of their records. */
  readonly #approvals = new Map<string, Pick<DecisionRecord, 'action' | 'by' | 'surface'>>();
  /** By action: its share of a grant, until it gives it back. */
  readonly #taken = new Map<string, { grant: Granted; amount: Decimal }>();

  /** Notes a decision, because a grant has to rest on an approval. */
  decided({ action, by, surface, decision }: DecisionRecord, hash: string): void {
    if (decision === 'approve') this.#approvals.set(hash, { action, by, surface });
  }

  /**
   * What is wrong with a standing approval that was given or revoked.
   *
   * @throws EvidenceError `record-malformed`
   */
  add(record: RecordPayload): Defect[] {
    const change = grantChangeOf(record);
    if (change === null || record.type !== 'grant') return [];
    const known = this.#grants.get(change.id);
    if (change.state === 'revoked') {
      if (known !== undefined) known.revokedAt ??= record.at;
      return [];
    }
    if (known !== undefined || record.by !== change.by) return [];
    const approval = this.#approvals.get(change.decision);
    if (approval?.by !== change.by || approval.action !== change.action || approval.surface !== change.surface) {
      const message = `${change.by} gave the standing approval ${change.id} with ${change.decision}, which is no approval of ${change.action} by them`;
      return [{ code: 'grant-wrong', message }];
    }
    this.#grants.set(change.id, { ...change, at: record.at, revokedAt: null, used: 0, sum: exact('0') });
    return [];
  }

  /** An action that came to nothing gives its share back. */
  returned(record: RecordPayload): void {
    const said = 'body' in record ? record.body : record;
    const taken = this.#taken.get(record.action);
    if (taken === undefined || !('returns' in said) || said.returns === undefined) return;
    this.#taken.delete(record.action);
    taken.grant.used -= 1;
    taken.grant.sum = addDecimals(taken.grant.sum, { ...taken.amount, units: -taken.amount.units });
  }

  /** What is wrong with a verdict that a standing approval carries. */
  used({ action, verdict, facts, surface, verb, actor, effect, at }: VerdictRecord): Defect[] {
    if (verdict.basis !== 'grant') return [];
    const named = (facts.grants ?? []).find(({ grant }) => verdict.reasons[0]?.includes(` ${grant} `));
    const grant = named === undefined ? undefined : this.#grants.get(named.grant);
    const wrong = (why: string): Defect[] => [
      { code: 'grant-wrong', message: `it was released under a standing approval ${why}` },
    ];
    if (grant === undefined) return wrong('that nobody gave');
    if (named?.amount != null && !AMOUNT.test(named.amount)) return wrong(`(${grant.id}) for what is no amount`);
    const amount = exact(named?.amount ?? '0');
    grant.used += 1;
    grant.sum = addDecimals(grant.sum, amount);
    this.#taken.set(action, { grant, amount });
    if (grant.surface !== surface || grant.verb !== verb || grant.actor !== actor.id)
      return wrong(`(${grant.id}) of something else`);
    if (grant.policy !== verdict.policy || grant.rule !== verdict.rule) return wrong(`(${grant.id}) of another rule`);
    if (effect?.kind === 'irreversible') return wrong(`(${grant.id}), though what it does cannot be undone`);
    if (late(at, grant.until)) return wrong(`(${grant.id}) that held until ${grant.until}`);
    if (grant.revokedAt !== null && late(at, grant.revokedAt))
      return wrong(`(${grant.id}) that was revoked at ${grant.revokedAt}`);
    if (grant.used > grant.uses)
      return wrong(`(${grant.id}) of ${String(grant.uses)}, for the ${String(grant.used)}th time`);
    const over = grant.upTo !== null && compareDecimals(grant.sum, exact(grant.upTo)) > 0;
    return over ? wrong(`(${grant.id}) up to ${String(grant.upTo)}, for ${formatDecimal(grant.sum)} in all`) : [];
  }
}

const late = (at: string, than: string): boolean => Date.parse(at) - Date.parse(than) > UNDERWAY_MS;
