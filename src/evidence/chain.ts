/**
 * Checks the records of each action in order: none is missing, and each may follow the one before.
 *
 * It is written from the contract, not from the engine: it shares no code with the engine, so that a fault of the engine shows here.
 */
import type { RecordPayload, VerdictRecord } from '../contract/index.ts';
import { GovernedAction, type Governed } from './governed.ts';
import type { Defect, FindingCode } from './finding.ts';
import { PlansAudit } from './plans.ts';
import { RightsAudit } from './rights.ts';

export interface ChainOptions {
  /**
   * True for a whole log, from its first entry on: then an action that does not begin with its first record, or is judged by a bundle that
   * no record brought into force, is a defect. False for some records of a log.
   */
  whole: boolean;
}

interface Chain {
  seq: number;
  hash: string;
  requestHash: string | null;
  type: RecordPayload['type'];
  /** Null for chains that are not actions, and where records are missing, because the rest cannot be checked then. */
  governed: Governed | null;
}

/** The state that the next record of each action must fit: a few hundred bytes for an open action, fewer for a closed one. */
export class ChainAudit {
  readonly #chains = new Map<string, Chain>();
  readonly #bundles = new Set<string>();
  readonly #rights = new RightsAudit();
  readonly #plans = new PlansAudit();
  readonly #whole: boolean;
  #lost = false;
  #bundle: string | null = null;

  constructor({ whole }: ChainOptions) {
    this.#whole = whole;
  }

  /** Actions seen. */
  get actions(): number {
    return this.#chains.size;
  }

  /** Entries could not be read, and an activation of policy may be among them: bundles are no longer checked. */
  lost(): void {
    this.#lost = true;
  }

  /**
   * What is wrong with the next record, in the order of the log.
   *
   * @param signed False when the passkey assertion that it holds does not hold (`PasskeyAudit`): then it decides nothing.
   */
  add(record: RecordPayload, hash: string, signed = true): Defect[] {
    const chain = this.#chains.get(record.action);
    const defects = chain === undefined ? this.#first(record, hash) : this.#next(chain, record, hash, signed);
    if (record.type === 'policy') defects.push(...this.#activation(record.body));
    if (this.#whole && !this.#lost) defects.push(...this.#rights.add(record, hash), ...this.#plans.add(record));
    return defects;
  }

  #first(record: RecordPayload, hash: string): Defect[] {
    const { action, seq, requestHash, type } = record;
    const chain: Chain = { seq, hash, requestHash, type, governed: null };
    this.#chains.set(action, chain);
    if (seq !== 0) {
      if (!this.#whole) return [];
      const missing = seq === 1 ? 'record 0 is' : `records 0 to ${seq - 1} are`;
      return [{ code: 'record-missing', message: `${missing} missing before ${recordLabel(record)}` }];
    }
    if (type === 'verdict') {
      const governed = new GovernedAction(record);
      chain.governed = governed;
      const judged = this.#judged(record.verdict.bundle, record.at, 'asked');
      return [...governed.opening(), ...judged, ...this.#granted(record, governed)];
    }
    if (!['decision', 'release', 'redemption', 'outcome', 'reconcile', 'review'].includes(type)) return [];
    return [{ code: 'verdict-missing', message: `${recordLabel(record)} stands without a verdict before it` }];
  }

  #next(chain: Chain, record: RecordPayload, hash: string, signed: boolean): Defect[] {
    const defects: Defect[] = [];
    const add = (code: FindingCode, message: string): void => void defects.push({ code, message });
    const { seq, prev, requestHash } = record;
    if (seq <= chain.seq) {
      add('record-repeated', `${recordLabel(record)} comes after record ${chain.seq} of the same action`);
      return defects;
    }
    if (seq > chain.seq + 1) {
      const last = seq - 1;
      const missing = last === chain.seq + 1 ? `record ${last} is` : `records ${chain.seq + 1} to ${last} are`;
      add('record-missing', `${missing} missing before ${recordLabel(record)}`);
      chain.governed = null;
    } else if (prev !== chain.hash) {
      add('prev-wrong', `${recordLabel(record)} says that another record came before it than the one in the log`);
    }
    if (requestHash !== chain.requestHash) {
      add('request-differs', `${recordLabel(record)} is about another request than the record before it`);
    }
    if (chain.governed !== null) {
      defects.push(...chain.governed.next(record, signed));
      if (record.type === 'verdict') defects.push(...this.#judged(record.verdict.bundle, record.at, 'again'));
      defects.push(...this.#granted(record, chain.governed));
      if (record.type === 'release' && record.rejudged !== null) {
        defects.push(...this.#judged(record.rejudged.verdict.bundle, record.at, 'again'));
      }
    } else if (seq === chain.seq + 1 && record.type !== chain.type && isApart(chain.type)) {
      add('out-of-place', `${recordLabel(record)} stands among ${chain.type} records`);
    }
    chain.seq = seq;
    chain.hash = hash;
    return defects;
  }

  /** Checks that a decision's or release's grounds held at that time. */
  #granted(record: RecordPayload, { surface, actors }: Governed): Defect[] {
    if (!this.#whole || this.#lost) return [];
    if (record.type === 'decision') return this.#rights.decided(record);
    if (record.type === 'verdict') return this.#rights.granted(record);
    if (record.type === 'release') return this.#rights.released(surface, actors, record.at);
    if (record.type === 'redemption') {
      return this.#rights.released(surface, actors, record.offline?.at ?? record.at);
    }
    return [];
  }

  /** @param when at the request, or at its release or later */
  #judged(bundle: string | null, at: string, when: 'asked' | 'again'): Defect[] {
    if (!this.#whole || this.#lost || bundle === null) return [];
    if (this.#bundles.has(bundle)) return this.#rights.judged(bundle, at, when);
    const message = `it was judged by ${bundle}, which no record before it had brought into force`;
    return [{ code: 'bundle-never-in-force', message }];
  }

  #activation(body: Record<string, unknown>): Defect[] {
    const { bundle, previous } = body;
    const before = this.#bundle;
    if (typeof bundle !== 'string') {
      return [{ code: 'activation-wrong', message: 'it does not say which bundle it brings into force' }];
    }
    this.#bundles.add(bundle);
    this.#bundle = bundle;
    if (!this.#whole || this.#lost || (previous ?? null) === before) return [];
    const message = `it replaces ${String(previous)}, but ${before ?? 'no bundle'} was in force`;
    return [{ code: 'activation-wrong', message }];
  }
}

/** Record types of an action. Every other type is about something else. */
const OF_ACTIONS: readonly RecordPayload['type'][] = [
  'verdict',
  'decision',
  'release',
  'redemption',
  'outcome',
  'reconcile',
  'review',
];

const isApart = (type: RecordPayload['type']): boolean => !OF_ACTIONS.includes(type);

/** A short name of a record, for findings. */
export function recordLabel({ type, seq }: Pick<VerdictRecord, 'seq'> & { type: string }): string {
  return `record ${seq}, ${/^[aeo]/.test(type) ? 'an' : 'a'} ${type},`;
}
