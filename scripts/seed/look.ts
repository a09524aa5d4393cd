/** What an audit sees of a seeded history: the read model of its log, row by row, and what the finance tests find in it. */
import { DEFAULT_TENANT } from '../../src/contract/index.ts';
import type { Parts } from '../../src/main/parts.ts';
import { ANOMALIES } from './anomalies.ts';

const EVER = { from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' };
const LISTED = 10_000;
/** Questions about ordinary business, of each thousand actions, at most. */
const RATE_MAX = 1;

export interface Audited {
  /** How many findings there are, by test. */
  found: Map<string, number>;
  /** Planted, and not found. */
  missing: string[];
  /** Questions about ordinary business, of each thousand actions. */
  rate: number;
  /** Everything that was planted is found, and ordinary business is asked about no more often than is stated. */
  isRight: boolean;
}

/**
 * Follows the log, compares each row with what its records say, and has the tests look.
 *
 * @throws Error where a row is not what its records say
 */
export async function auditOf(parts: Parts, { actions, clean }: { actions: number; clean: boolean }): Promise<Audited> {
  const tenant = DEFAULT_TENANT;
  await parts.readModel.catchUp(tenant);
  let compared = 0;
  for (let from: number | null = 0; from !== null;) {
    const part = await parts.readModel.check(tenant, from);
    if (part.differences.length + part.windows.length > 0) {
      throw new Error(`${part.differences.length} rows from entry ${from} on are not what the log says`);
    }
    compared += part.actions;
    from = part.next;
  }
  if (compared !== actions) throw new Error(`${actions} actions are sealed, and ${compared} have a row`);
  await parts.findingWatch.refresh(tenant);
  const found = new Map<string, number>();
  for (const { test } of await parts.store.findings.list(tenant, EVER, LISTED))
    found.set(test, (found.get(test) ?? 0) + 1);
  const missing = clean ? [] : ANOMALIES.filter((name) => !found.has(name));
  const all = [...found.values()].reduce((sum, n) => sum + n, 0);
  const ordinary = all - (clean ? 0 : ANOMALIES.length - missing.length);
  const rate = (ordinary / actions) * 1000;
  return { found, missing, rate, isRight: missing.length === 0 && rate <= RATE_MAX };
}

export function tell({ found, missing, rate }: Audited): void {
  for (const [name, n] of [...found].sort()) console.log(`  ${name.padEnd(20)} ${n}`);
  if (missing.length > 0) console.log(`planted and not found: ${missing.join(', ')}`);
  console.log(`${rate.toFixed(2)} questions about ordinary business, of a thousand actions (at most ${RATE_MAX})`);
}
