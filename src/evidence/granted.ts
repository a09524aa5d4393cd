/** Standing approvals through the log: whether what was released under one was covered by it. */
import type { RecordPayload, VerdictRecord } from '../contract/index.ts';
import { grantChangeOf, type GrantChange } from '../sealing/index.ts';
import type { Defect } from './finding.ts';

/** How long a judgement may be under way before it is sealed. */
const UNDERWAY_MS = 60_000;

interface Granted extends GrantChange {
  at: string;
  revokedAt: string | null;
  used: number;
}

export class GrantsAudit {
  readonly #grants = new Map<string, Granted>();

  /** @throws EvidenceError `record-malformed` */
  add(record: RecordPayload): void {
    const change = grantChangeOf(record);
    if (change === null || record.type !== 'grant') return;
    const known = this.#grants.get(change.id);
    if (change.state === 'revoked') {
      if (known !== undefined) known.revokedAt ??= record.at;
    } else if (known === undefined && record.by === change.by) {
      this.#grants.set(change.id, { ...change, at: record.at, revokedAt: null, used: 0 });
    }
  }

  /** What is wrong with a verdict that a standing approval carries. */
  used({ verdict, facts, surface, verb, actor, at }: VerdictRecord): Defect[] {
    if (verdict.basis !== 'grant') return [];
    const named = (facts.grants ?? []).find(({ grant }) => verdict.reasons[0]?.includes(` ${grant} `));
    const grant = named === undefined ? undefined : this.#grants.get(named.grant);
    const wrong = (why: string): Defect[] => [
      { code: 'grant-wrong', message: `it was released under a standing approval ${why}` },
    ];
    if (grant === undefined) return wrong('that nobody gave');
    grant.used += 1;
    if (grant.surface !== surface || grant.verb !== verb || grant.actor !== actor.id)
      return wrong(`(${grant.id}) of something else`);
    if (grant.policy !== verdict.policy || grant.rule !== verdict.rule) return wrong(`(${grant.id}) of another rule`);
    if (late(at, grant.until)) return wrong(`(${grant.id}) that held until ${grant.until}`);
    if (grant.revokedAt !== null && late(at, grant.revokedAt))
      return wrong(`(${grant.id}) that was revoked at ${grant.revokedAt}`);
    return grant.used > grant.uses
      ? wrong(`(${grant.id}) of ${String(grant.uses)}, for the ${String(grant.used)}th time`)
      : [];
  }
}

const late = (at: string, than: string): boolean => Date.parse(at) - Date.parse(than) > UNDERWAY_MS;
