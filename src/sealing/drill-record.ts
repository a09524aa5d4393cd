/**
 * Records of type `drill`. `planted`, in a separate chain: somebody planted a request that is never released, sealed before it is asked. It only commits to the request's id, so that a reader of the log cannot tell which one it is. `opened`, in the action's own chain: the drill is over; the record opens the commitment.
 */
import { z } from 'zod';
import { hashOf, HASH_PATTERN } from '../canonical/index.ts';
import type { OtherRecord, RecordPayload } from '../contract/index.ts';
import { EvidenceError } from '../ledger/index.ts';

const PREFIX = 'drill:';

/**
 * `missed`: somebody approved it. `caught`: somebody refused it. `expired`: nobody decided. `withdrawn`: somebody took it back. `void`:
 * nobody was asked.
 */
export const DRILL_ENDS = ['missed', 'caught', 'expired', 'withdrawn', 'void'] as const;
export type DrillEnd = (typeof DRILL_ENDS)[number];

/** What a planted record commits to. */
export interface DrillOpening {
  /** 32 random bytes, base64url. */
  salt: string;
  /** Id of the planted action. */
  action: string;
  /** What its approvers should see is wrong with it. */
  missed: string;
}

export interface DrillPlanted {
  state: 'planted';
  /** Keyed digest of the action's id: the engine finds its drills by it. */
  mark: string;
  /** {@link drillCommitment} */
  commitment: string;
  /** The opening, encrypted under the stack's own secret. */
  sealed: string;
}

export interface DrillOpened extends DrillOpening {
  state: 'opened';
  /** Hash of the record that planted it. */
  planted: string;
  end: DrillEnd;
  /** Directory id of the person whose decision ended it, or null. */
  person: string | null;
  surface: string;
}

export type DrillChange = DrillPlanted | DrillOpened;

/** Opened by anybody who has the record `opened`. */
export const drillCommitment = ({ salt, action, missed }: DrillOpening): string =>
  hashOf(['countersign drill v1', salt, action, missed]);

/** `action` of the record that plants a drill. */
export const drillChain = (id: string): string => PREFIX + id;

const hash = z.string().regex(HASH_PATTERN);
const bodySchema = z.discriminatedUnion('state', [
  z.looseObject({ state: z.literal('planted'), mark: z.string(), commitment: hash, sealed: z.string() }),
  z.looseObject({
    state: z.literal('opened'),
    planted: hash,
    salt: z.string(),
    missed: z.string(),
    end: z.enum(DRILL_ENDS),
    person: z.string().nullable(),
    surface: z.string(),
  }),
]);

export const plantedBody = ({ state, mark, commitment, sealed }: DrillPlanted): OtherRecord['body'] => ({
  state,
  mark,
  commitment,
  sealed,
});

/** The action is the record's own. */
export const openedBody = ({ action: _action, ...opened }: DrillOpened): OtherRecord['body'] => ({ ...opened });

/**
 * What a record says about a drill; null for a record of another type.
 *
 * @throws EvidenceError `record-malformed`
 */
export function drillChangeOf(record: RecordPayload): DrillChange | null {
  if (record.type !== 'drill') return null;
  const read = bodySchema.safeParse(record.body);
  const planted = record.action.startsWith(PREFIX);
  if (!read.success || planted !== (read.data.state === 'planted')) {
    throw new EvidenceError('record-malformed', 'a drill record does not say what was planted, or how it ended');
  }
  if (read.data.state === 'planted') {
    const { state, mark, commitment, sealed } = read.data;
    return { state, mark, commitment, sealed };
  }
  const { state, planted: of, salt, missed, end, person, surface } = read.data;
  return { state, planted: of, salt, action: record.action, missed, end, person, surface };
}
