/**
 * The newest record of each action, by the log. Somebody with write access to the database can make a search miss records; the log was
 * read whole, so it knows which number an action's newest record has.
 */
import { z } from 'zod';
import type { RecordPayload } from '../contract/index.ts';

/** Actions with the number of their newest record, the oldest first. */
type Numbered = [action: string, seq: number][];

/** What {@link NewestRecords} remembers, as JSON. */
export interface SavedRecords {
  decided: Numbered;
  begun: Numbered;
}

export const savedRecordsSchema: z.ZodType<SavedRecords> = z.strictObject({
  decided: z.array(z.tuple([z.string(), z.number()])),
  begun: z.array(z.tuple([z.string(), z.number()])),
});

/** Marks from before name redeemed and ended actions only: each has three records at least. */
export const redeemedBefore = (actions: readonly string[]): SavedRecords => ({
  decided: [],
  begun: actions.map((action) => [action, 2]),
});

/** Actions that are remembered of each kind: more than are open at the same time in a busy company. */
const ACTIONS_MAX = 50_000;

/** For an action that has two records of one number: no search can find enough of them. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** Keeps decided actions apart from redeemed or ended ones, so that the many that no human decides do not crowd out the few. */
export class NewestRecords {
  readonly #decided: Map<string, number>;
  readonly #begun: Map<string, number>;

  constructor({ decided, begun }: SavedRecords) {
    this.#decided = new Map(decided);
    this.#begun = new Map(begun);
  }

  /** The number of the newest record that is known of an action; -1 where none is. */
  of(action: string): number {
    return Math.max(this.#decided.get(action) ?? -1, this.#begun.get(action) ?? -1);
  }

  /** How many actions are remembered. */
  get size(): number {
    return this.#decided.size + this.#begun.size;
  }

  /** In the order of the log, each record once. */
  note({ type, action, seq }: Pick<RecordPayload, 'type' | 'action' | 'seq'>): void {
    const before = this.of(action);
    // Before a decision, redemption or outcome, a hidden record can only delay an action.
    if (before === -1 && (seq === 0 || type === 'release')) return;
    const list = type === 'decision' ? this.#decided : this.#begun;
    list.delete(action);
    list.set(action, seq > before ? seq : NEVER);
    const oldest = list.keys().next();
    if (list.size > ACTIONS_MAX && oldest.done !== true) list.delete(oldest.value);
  }

  save(): SavedRecords {
    return { decided: [...this.#decided], begun: [...this.#begun] };
  }
}
