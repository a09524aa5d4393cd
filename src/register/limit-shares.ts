/**
 * What actions take from limits, by their sealed records. A record holds it encrypted, because a limit's key or an amount may be what
 * policy does not disclose. The log therefore gives the least that a limit has to count, whichever rows somebody deleted.
 */
import { z } from 'zod';
import {
  BoundedMap,
  addDecimals,
  compareDecimals,
  formatDecimal,
  parseDecimal,
  type Decimal,
} from '../canonical/index.ts';
import type { RecordPayload } from '../contract/index.ts';
import type { Keys } from '../keys/index.ts';
import { textSeals } from './sealed-text.ts';

/** What one action takes of one limit. */
export interface LimitShare {
  /** Which limit and key, as a digest. */
  slot: string;
  /** Exact decimal string. */
  amount: string;
  /** When it was taken, and until when it can count, in milliseconds since the epoch. */
  at: number;
  until: number;
  /** Counts even if the action came to nothing: a glass stays broken. */
  stays?: boolean;
}

export interface ShareSeals {
  seal(tenant: string, action: string, shares: readonly LimitShare[]): string;
  /** Empty for text that none of the stack's keys encrypted for this action. */
  open(tenant: string, action: string, sealed: string): LimitShare[];
}

const PURPOSE = 'limit shares v1';
/** Lengths are multiples of it, so that they reveal nothing of the amounts. */
const PADDING = 128;

/** How many of the latest seals are remembered. Their process reads each of them again soon, as a part of the log. */
const REMEMBERED = 1000;

const sharesSchema = z.array(z.tuple([z.string(), z.string(), z.number(), z.number(), z.boolean()]));

/** Encrypts shares under the stack's own secret. */
export function shareSeals(keys: Pick<Keys, 'commitments'>): ShareSeals {
  const texts = textSeals(keys, PURPOSE, PADDING);
  const about = (tenant: string, action: string): string => `${tenant}\n${action}`;
  const made = new BoundedMap<string, LimitShare[]>(REMEMBERED);
  return {
    seal(tenant, action, shares) {
      const whole = shares.map((share) => ({ ...share, stays: share.stays ?? false }));
      const text = JSON.stringify(whole.map(({ slot, amount, at, until, stays }) => [slot, amount, at, until, stays]));
      const sealed = texts.seal(tenant, about(tenant, action), text);
      made.set(`${about(tenant, action)}\n${sealed}`, whole);
      return sealed;
    },
    open(tenant, action, sealed) {
      const known = made.get(`${about(tenant, action)}\n${sealed}`);
      if (known !== undefined) return known;
      const text = texts.open(tenant, about(tenant, action), sealed);
      const read = text === null ? [] : sharesOf(text);
      return read.map(([slot, amount, at, until, stays]) => ({ slot, amount, at, until, stays }));
    },
  };
}

function sharesOf(text: string): z.infer<typeof sharesSchema> {
  try {
    return sharesSchema.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

/** What a verdict takes of limits, encrypted; null where it takes nothing. */
export const takenBy = (record: RecordPayload): string | null =>
  record.type === 'verdict' ? (record.shares ?? null) : null;

/** What a record gives back, encrypted as its action's verdict took it; null where it gives nothing back. */
export function returnedBy(record: RecordPayload): string | null {
  switch (record.type) {
    case 'verdict':
    case 'decision':
    case 'outcome':
      return record.returns ?? null;
    case 'reconcile': {
      const { returns } = record.body;
      return typeof returns === 'string' ? returns : null;
    }
    default:
      return null;
  }
}

/** Several shares of one limit, added up: taken between `from` and `to`. */
interface Sum {
  from: number;
  to: number;
  until: number;
  amount: Decimal;
}

interface Slot {
  taken: Sum[];
  returned: Sum[];
}

/** Keys of limits that are remembered; beyond it, the one that was used longest ago is forgotten. */
const SLOTS_MAX = 50_000;
/** Number of parts of a limit's window. Shares are added up for each part. */
const PARTS = 240;

const NOTHING: Decimal = { units: 0n, scale: 0 };

/** What {@link LimitShares} remembers, as JSON. */
export type SavedShares = [slot: string, taken: SavedSum[], returned: SavedSum[]][];
type SavedSum = [from: number, to: number, until: number, amount: string];

const savedSum = z.tuple([z.number(), z.number(), z.number(), z.string()]);
export const savedSharesSchema: z.ZodType<SavedShares> = z.array(
  z.tuple([z.string(), z.array(savedSum), z.array(savedSum)]),
);

/**
 * What live actions hold of each limit by the records that were read. Sums of nearby shares are kept instead of
 * the shares, and such a sum never exceeds what is held.
 */
export class LimitShares {
  readonly #slots = new Map<string, Slot>();

  constructor(saved: SavedShares = []) {
    const read = (sums: SavedSum[]): Sum[] =>
      sums.map(([from, to, until, amount]) => ({ from, to, until, amount: parseDecimal(amount, Infinity) }));
    for (const [slot, taken, returned] of saved)
      this.#slots.set(slot, { taken: read(taken), returned: read(returned) });
  }

  /** The least that the limit has to count of what was taken after `since`, in milliseconds since the epoch. */
  atLeast(slot: string, since: number): Decimal {
    const held = this.#slots.get(slot);
    if (held === undefined) return NOTHING;
    const sumOf = (sums: readonly Sum[]): Decimal =>
      sums.reduce((sum, { amount }) => addDecimals(sum, amount), NOTHING);
    // In doubt at the edge of the window, assume that nothing was taken and everything was given back.
    const taken = sumOf(held.taken.filter(({ from }) => from > since));
    const returned = sumOf(held.returned.filter(({ to }) => to > since));
    const left = addDecimals(taken, negative(returned));
    return compareDecimals(left, NOTHING) < 0 ? NOTHING : left;
  }

  /** @param now milliseconds since the epoch: expired shares are forgotten */
  take(shares: readonly LimitShare[], now: number): void {
    for (const share of shares) this.#add(share, 'taken', now);
  }

  giveBack(shares: readonly LimitShare[], now: number): void {
    for (const share of shares) if (share.stays !== true) this.#add(share, 'returned', now);
  }

  save(): SavedShares {
    const text = (sums: readonly Sum[]): SavedSum[] =>
      sums.map(({ from, to, until, amount }) => [from, to, until, formatDecimal(amount)]);
    return [...this.#slots].map(([slot, { taken, returned }]) => [slot, text(taken), text(returned)]);
  }

  #add({ slot, at, until, amount }: LimitShare, list: keyof Slot, now: number): void {
    if (until <= now) return;
    const live = (sums: readonly Sum[]): Sum[] => sums.filter((sum) => sum.until > now);
    const before = this.#slots.get(slot);
    const held: Slot = { taken: live(before?.taken ?? []), returned: live(before?.returned ?? []) };
    const sums = held[list];
    const last = sums.at(-1);
    const share = parseDecimal(amount, Infinity);
    const [from, to] = [Math.min(last?.from ?? at, at), Math.max(last?.to ?? at, at)];
    if (last !== undefined && (to - from) * PARTS < until - at) {
      Object.assign(last, { from, to });
      last.until = Math.max(last.until, until);
      last.amount = addDecimals(last.amount, share);
    } else sums.push({ from: at, to: at, until, amount: share });
    this.#slots.delete(slot);
    this.#slots.set(slot, held);
    const oldest = this.#slots.keys().next();
    if (this.#slots.size > SLOTS_MAX && oldest.done !== true) this.#slots.delete(oldest.value);
  }
}

const negative = ({ units, scale }: Decimal): Decimal => ({ units: -units, scale });
