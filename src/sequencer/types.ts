import type { Alongside, Facets, NewPermit, Projection } from '../store/index.ts';

/** A record that is signed and not yet sealed. */
export interface StagedRecord {
  action: string;
  /** Its place among the action's records, from 0. (tenant, action, seq) is sealed at most once, whatever runs twice. */
  seq: number;
  type: string;
  /** `sha256:…` of the record's payload bytes. */
  recordHash: string;
  /** JCS bytes of the DSSE envelope: the log's entry, 65,535 bytes at most. */
  envelope: Uint8Array;
  /** RFC 3339 UTC. */
  at: string;
  facets: Facets;
  /** The state of the action after this record. */
  projection?: Projection;
  /** The permit that this record releases. */
  permit?: NewPermit;
  /** `jti` of the permit that this record uses up. */
  redeems?: string;
  /** Gives back what the action holds of limits. */
  releaseReservations?: boolean;
  /** Deletes the action's payload and key. */
  erasesPayload?: boolean;
}

/** A record that is on disk in the log's sequence. */
export interface SealedRecord {
  index: number;
  recordHash: string;
  envelope: Uint8Array;
  /** True when another record was sealed at this (action, seq) before. That one counts. */
  existing: boolean;
}

/**
 * How a batch came into the log: `ahead` on top of our last commit, `turn` when our turn at the head came, `moved` since somebody else's
 * commit was faster, `begun` at the beginning, or `beside` the start of its action.
 */
export type AppendPath = 'ahead' | 'turn' | 'moved' | 'begun' | 'beside';

/** When records that are written early may be sealed. */
export interface Holding {
  /** What is sealed with them, or not at all. */
  alongside: readonly Alongside[];
  /** Rejects where they may not be sealed. */
  until: Promise<void>;
}

export interface Sequencer {
  /**
   * Seals records, all of one call or none, and answers when they are on disk, in the order given.
   *
   * When any (action, seq) of the call is sealed already, by an execution of the same step that died before it could say so or by
   * another one that was faster, nothing of the call is sealed and the answer is the existing entries, marked so.
   *
   * @throws CountersignError `unavailable` when the database or the signer cannot be reached. Whether it was sealed may be unknown; repeating
   * the call finds out.
   * @throws CountersignError `invalid-evidence` for a record that no log can hold.
   */
  append(tenant: string, records: readonly StagedRecord[]): Promise<SealedRecord[]>;
  /**
   * As `append`, for records that may not be sealed yet: they are written in an open transaction, and sealed by its commit as soon as `until`
   * resolves. The log waits meanwhile, so this is for a writer that is alone with it.
   *
   * Null where it was not done: this writer is not alone, something of it is written already, what is written alongside does not hold any more,
   * `until` rejects or takes long, or the database failed. {@link append} then finds out what there is.
   *
   * @throws CountersignError `invalid-evidence` as `append`
   */
  hold(tenant: string, records: readonly StagedRecord[], holding: Holding): Promise<SealedRecord[] | null>;
}
