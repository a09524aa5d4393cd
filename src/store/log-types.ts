import type { ActionState } from './action-state.ts';
import type { Receipt, RecordDecision } from '../contract/record.ts';
import type { Statement } from './transactions.ts';

/** The head of a log. `frontier` is what its tree needs to grow, in the sequencer's form. */
export interface LogHead {
  /** Entries of the log. */
  size: number;
  frontier: Uint8Array;
  root: Uint8Array;
  /** The signed note over size and root: the only one this log ever signed for this size. */
  checkpoint: Receipt['log']['checkpoint'];
}

/** The columns that a record can be found by. */
export interface Facets {
  surface: string | null;
  actor: string | null;
  approver: string | null;
  decision: RecordDecision | null;
  policy?: string | null | undefined;
  rule?: string | null | undefined;
}

export interface NewEntry {
  action: string;
  seq: number;
  type: string;
  /** 32 bytes. */
  recordHash: Uint8Array;
  leafHash: Uint8Array;
  envelope: Uint8Array;
  at: string;
  facets: Facets;
}

/** The state of an action after its record. */
export interface Projection {
  status: string;
  surface: string;
  actor: string;
  /** Key or person that asked. */
  requester: string;
  bundle: string | null;
  /** The state; `status` and the other columns index it. */
  view: ActionState;
  /** The permit, encrypted under the action's key; null when none was released. */
  sealedPermit: string | null;
  createdAt: string;
  updatedAt: string;
  expiresAt: string | null;
  /** When the payload is to be deleted; left out or null for never. */
  retainUntil?: string | null;
  /** The action that this one takes back. */
  reverses?: string | null;
}

export interface NewPermit {
  jti: string;
  audience: string;
  requestHash: string;
  expiresAt: string;
}

/** Hashes to append to a tile; `index` and `level` as in C2SP tlog-tiles. */
export interface TileGrowth {
  level: number;
  index: number;
  hashes: Uint8Array;
}

/** Everything that one commit writes. */
export interface LogAppend {
  head: LogHead;
  entries: readonly NewEntry[];
  tiles: readonly TileGrowth[];
  projections: readonly ({ id: string } & Projection)[];
  permits: readonly ({ action: string } & NewPermit)[];
  /** Permits that are used up. Each belongs to an action that must be `released` in this statement, or nothing is written. */
  redeemed?: readonly { action: string; jti: string; at: string }[];
  /** Actions that give back what they hold of limits. */
  released: readonly string[];
  /** Actions whose payload and key are deleted with this commit. */
  erased?: readonly string[];
}

/**
 * What else is written in the transaction of an append, so that neither is without the other. Made by the store of what it writes, and opaque
 * to the caller that passes it on.
 */
export interface Alongside {
  /** The ids of the locks that it is written under. */
  locks: readonly string[];
  /** Returns one row where it wrote, and none where what it rests on is no longer so. */
  write: Statement;
}

export interface SealedEntry {
  action: string;
  seq: number;
  index: number;
  recordHash: Uint8Array;
  envelope: Uint8Array;
}
