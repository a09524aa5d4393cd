/** Who acts in a seeded history. The directory names approvers; requesters are known by their credential. */
export interface Cast {
  /** As the policies ask for them: `group:finance`. */
  finance: readonly string[];
  /** `group:operations` */
  operations: readonly string[];
  requesters: readonly string[];
  bots: readonly string[];
}

/** Those of the directory file beside the policies. */
const FINANCE = { most: 40, least: 4, share: 0.18 };
const OPERATIONS = { most: 12, least: 1, share: 0.02 };
/** Decisions of one approver in a year at least: who decides less often is rightly asked about by the audit tests. */
const DECISIONS_EACH = 40;

const named = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `user:${what}-${String(n + 1).padStart(2, '0')}@acme.test`);

/** As many people as so many actions a year need. */
export function castOf(actions: number): Cast {
  const within = ({ most, least, share }: typeof FINANCE): number =>
    Math.max(least, Math.min(most, Math.floor((actions * share) / DECISIONS_EACH)));
  return {
    finance: named('finance', within(FINANCE)),
    operations: named('operations', within(OPERATIONS)),
    requesters: named('desk', Math.max(40, Math.min(2500, Math.floor(actions / 40)))),
    bots: Array.from({ length: Math.max(8, Math.min(400, Math.floor(actions / 500))) }, (_, n) => `agent:bot-${n + 1}`),
  };
}
