/**
 * Follows delegations, freezes and bundles through the log: under whose delegation somebody decided, whether a released action was frozen,
 * and which bundle was in force. Written from the contract, like {@link ChainAudit}, without any code of the engine.
 */
import type { DecisionRecord, RecordPayload, VerdictRecord } from '../contract/index.ts';
import { isEvidenceError } from '../ledger/index.ts';
import { GrantsAudit } from './granted.ts';
import { delegationChangeOf, freezeChangeOf, isAdoption, type FreezeChange } from '../sealing/index.ts';
import type { Defect, FindingCode } from './finding.ts';

interface Delegated {
  from: string;
  to: string;
  surfaces: string[];
  startsAt: string;
  endsAt: string;
  revokedAt: string | null;
}

/**
 * The engine reads freezes and bundles first, and seals what follows a moment later. This is the longest such moment, in milliseconds.
 */
const UNDERWAY_MS = 30_000;
/** The longest time, in milliseconds, that a request may wait to be judged by the bundle that was in force when it was submitted. */
const SUBMITTED_MS = 24 * 3_600_000 + UNDERWAY_MS;

const defect = (code: FindingCode, message: string): Defect => ({ code, message });
const later = (at: string, than: string): number => Date.parse(at) - Date.parse(than);

export class RightsAudit {
  readonly #frozen = new Map<string, FreezeChange & { at: string }>();
  readonly #delegations = new Map<string, Delegated>();
  readonly #grants = new GrantsAudit();
  /** Bundles that are no longer in force, and since when. */
  readonly #replaced = new Map<string, string>();
  #bundle: string | null = null;
  /** From here on delegations are sealed when they are given, so a delegation without a record was never given. */
  #adopted = false;

  /** What is wrong with the next record that grants or stops, in the order of the log. */
  add(record: RecordPayload, hash: string): Defect[] {
    try {
      if (record.type === 'freeze') this.#freeze(record);
      else if (record.type === 'delegation') this.#delegate(record);
      else if (record.type === 'grant') return this.#grants.add(record);
      else if (record.type === 'decision') this.#grants.decided(record, hash);
      else if (isAdoption(record)) this.#adopted = true;
      else if (record.type === 'policy') this.#activate(record.body['bundle'], record.at);
      else this.#grants.returned(record);
      return [];
    } catch (error) {
      if (!isEvidenceError(error)) throw error;
      return [{ code: 'right-malformed', message: error.message, reason: error.reason }];
    }
  }

  /** What is wrong with the delegation that somebody decided under. */
  decided({ delegation, by, surface, at }: DecisionRecord): Defect[] {
    if (delegation === null) return [];
    const given = this.#delegations.get(delegation.id);
    if (given === undefined) {
      const message = `${by} decided for ${delegation.from}, who let nobody decide for them by ${delegation.id}`;
      return this.#adopted ? [defect('delegation-unknown', message)] : [];
    }
    const wrong = (why: string): Defect[] => [
      defect('delegation-wrong', `${by} decided for ${delegation.from} by ${delegation.id}, which ${why}`),
    ];
    if (given.from !== delegation.from || given.to !== by) return wrong(`lets ${given.to} decide for ${given.from}`);
    if (!given.surfaces.some((glob) => covers(glob, surface)))
      return wrong(`is for ${given.surfaces.join(', ')}, not ${surface}`);
    if (at < given.startsAt || later(at, given.endsAt) > UNDERWAY_MS)
      return wrong(`held from ${given.startsAt} to ${given.endsAt}`);
    if (given.revokedAt !== null && later(at, given.revokedAt) > UNDERWAY_MS)
      return wrong(`was taken back at ${given.revokedAt}`);
    return [];
  }

  /** What is wrong with the standing approval under which a verdict released. */
  granted(record: VerdictRecord): Defect[] {
    return this.#grants.used(record);
  }

  /** The freeze that held when an action was released, or begun. */
  released(surface: string, actors: readonly string[], at: string): Defect[] {
    const stops = ({ scope, value }: FreezeChange): boolean =>
      scope === 'tenant' || (scope === 'surface' ? value === surface : actors.includes(value ?? ''));
    const freeze = [...this.#frozen.values()].find((one) => stops(one) && later(at, one.at) > UNDERWAY_MS);
    if (freeze === undefined) return [];
    const what = freeze.scope === 'tenant' ? 'everything' : `the ${freeze.scope} ${freeze.value}`;
    return [defect('released-while-frozen', `${what} was frozen since ${freeze.at} (${freeze.id})`)];
  }

  /** Whether a bundle was in force when it was judged by. @param when its first verdict may be a day old */
  judged(bundle: string | null, at: string, when: 'asked' | 'again'): Defect[] {
    const since = bundle === null ? undefined : this.#replaced.get(bundle);
    if (since === undefined || later(at, since) <= (when === 'asked' ? SUBMITTED_MS : UNDERWAY_MS)) return [];
    return [defect('bundle-not-in-force', `it was judged by ${bundle}, in whose place another came at ${since}`)];
  }

  #freeze(record: RecordPayload): void {
    const change = freezeChangeOf(record);
    if (change?.state === 'frozen') this.#frozen.set(change.id, { ...change, at: record.at });
    else if (change !== null) this.#frozen.delete(change.id);
  }

  #delegate(record: RecordPayload): void {
    const change = delegationChangeOf(record);
    if (change === null) return;
    const { id, from, to, surfaces, startsAt, endsAt, state } = change;
    const known = this.#delegations.get(id);
    if (state === 'given') this.#delegations.set(id, { from, to, surfaces, startsAt, endsAt, revokedAt: null });
    else if (known !== undefined) known.revokedAt = record.at;
  }

  #activate(bundle: unknown, at: string): void {
    if (this.#bundle !== null) this.#replaced.set(this.#bundle, at);
    this.#bundle = typeof bundle === 'string' ? bundle : null;
    if (this.#bundle !== null) this.#replaced.delete(this.#bundle);
  }
}

/** A glob of surfaces: `**` is any number of levels, `*` exactly one (contract section 5). */
function covers(glob: string, surface: string): boolean {
  const levels = surface.split('.');
  /** How many levels of the surface the parts so far may stand for. */
  let reached = new Set([0]);
  for (const part of glob.split('.')) {
    const next = new Set<number>();
    if (part === '**') for (let at = Math.min(...reached); at <= levels.length; at++) next.add(at);
    else for (const at of reached) if (at < levels.length && (part === '*' || part === levels[at])) next.add(at + 1);
    if (next.size === 0) return false;
    reached = next;
  }
  return reached.has(levels.length);
}
