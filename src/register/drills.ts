/** Finds the drills among actions, by their sealed records. No row marks them. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Keys } from '../keys/index.ts';
import { drillCommitment, type DrillOpening, type DrillPlanted } from '../sealing/index.ts';
import type { DrillInForce } from './drills-in-force.ts';
import type { InForce } from './in-force.ts';
import { textSeals } from './sealed-text.ts';

/** A planted action, with what its approvers should see. */
export interface Drill extends DrillInForce {
  /** Hash of the record that planted it. */
  planted: string;
  opening: DrillOpening;
}

export interface Drills {
  /** What is sealed before the action is requested. */
  plant(tenant: string, action: string, missed: string): DrillPlanted;
  /** The drill that an action is; null for every other one. */
  find(inForce: Pick<InForce, 'drills'>, tenant: string, action: string): Drill | null;
}

/** Lengths are multiples of it, so that they reveal nothing of the text. */
const PADDING = 512;

const openingSchema = z.strictObject({ salt: z.string(), action: z.string(), missed: z.string() });

export function createDrills(keys: Pick<Keys, 'commitments'>): Drills {
  const texts = textSeals(keys, 'drill opening v1', PADDING);
  const marksOf = (tenant: string, action: string): string[] =>
    keys.commitments('drill mark v1', `${tenant}\n${action}`);
  const open = (tenant: string, { mark, sealed }: DrillInForce): DrillOpening | null => {
    const text = texts.open(tenant, mark, sealed);
    const read = openingSchema.safeParse(text === null ? null : JSON.parse(text));
    return read.success ? read.data : null;
  };

  return {
    plant(tenant, action, missed) {
      const opening = { salt: randomBytes(32).toString('base64url'), action, missed };
      const [mark = ''] = marksOf(tenant, action);
      const sealed = texts.seal(tenant, mark, JSON.stringify(opening));
      return { state: 'planted', mark, commitment: drillCommitment(opening), sealed };
    },
    find({ drills }, tenant, action) {
      if (drills.size === 0) return null;
      const marks = marksOf(tenant, action);
      for (const [planted, drill] of drills) {
        if (!marks.includes(drill.mark)) continue;
        // A drill that can no longer be opened is still a drill, and is never released.
        const opening = open(tenant, drill) ?? {
          salt: '',
          action,
          missed: 'what was to be seen cannot be read any more',
        };
        return { ...drill, planted, opening };
      }
      return null;
    },
  };
}
