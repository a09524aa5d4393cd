/** The amounts of actions whose records come one after the other. A few texts are held for each unfinished action. */
import { BoundedMap } from '../canonical/index.ts';
import type { Json, RecordPayload, VerdictRecord } from '../contract/index.ts';
import {
  DEFAULT_FIELDS,
  fieldsOfBundle,
  moneyAfter,
  type FieldsOfBundle,
  type Money,
  type MoneyFields,
} from '../export/index.ts';

/** A policy bundle by its hash; null where there is none. */
export type ReadBundle = (hash: string) => Promise<Json | null>;

/** Most bundles whose fields are cached. */
const BUNDLES = 100;

export class MoneyLedger {
  readonly #read: ReadBundle;
  readonly #open = new Map<string, Money | null>();
  readonly #bundles = new BoundedMap<string, FieldsOfBundle>(BUNDLES);

  constructor(read: ReadBundle) {
    this.#read = read;
  }

  /** Whether anything of the action was seen. */
  knows(action: string): boolean {
    return this.#open.has(action);
  }

  /** The action's amounts after its next record; they are held until they are forgotten. */
  async after(record: RecordPayload): Promise<Money | null> {
    const before = this.#open.get(record.action) ?? null;
    const fields = record.type === 'verdict' && before === null ? await this.#fieldsOf(record) : DEFAULT_FIELDS;
    const money = moneyAfter(before, record, () => fields);
    this.#open.set(record.action, money);
    return money;
  }

  /** For an action whose last record was seen. */
  forget(action: string): void {
    this.#open.delete(action);
  }

  async #fieldsOf({ verdict: { bundle, policy } }: VerdictRecord): Promise<MoneyFields> {
    if (bundle === null || policy === null) return DEFAULT_FIELDS;
    let known = this.#bundles.get(bundle);
    if (known === undefined) {
      known = fieldsOfBundle(await this.#read(bundle));
      this.#bundles.set(bundle, known);
    }
    return known.get(policy) ?? DEFAULT_FIELDS;
  }
}
