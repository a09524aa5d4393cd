/** Finds the drills among actions, by their sealed records: rows say nothing of them. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Keys } from '../keys/index.ts';
import { drillCommitment, type DrillOpening, type DrillPlanted } from '../sealing/index.ts';
import type { DrillInForce } from './drills-in-force.ts';
import type { InForce } from './in-force.ts';

/** A planted action, with what its approvers should see. */
export interface Drill extends DrillInForce {
  /** Hash of the record that planted it. */
  planted: string;
  opening: DrillOpening;
}

export interface Drills {
  /** What is sealed before the action is asked. */
  plant(tenant: string, action: string, missed: string): DrillPlanted;
  /** The drill that an action is; null for every other one. */
  find(inForce: Pick<InForce, 'drills'>, tenant: string, action: string): Drill | null;
}

/** Lengths are multiples of it, so that they say nothing of what is to be seen. */
const PADDING = 512;

const openingSchema = z.strictObject({ salt: z.string(), action: z.string(), missed: z.string() });

export function createDrills({ commitments }: Pick<Keys, 'commitments'>): Drills {
  const marksOf = (tenant: string, action: string): string[] => commitments('drill mark v1', `${tenant}\n${action}`);
  const keysOf = (tenant: string): Buffer[] =>
    commitments('drill opening v1', tenant).map((key) => Buffer.from(key, 'hex'));

  const seal = (tenant: string, mark: string, opening: DrillOpening): string => {
    const [key = Buffer.alloc(0)] = keysOf(tenant);
    const text = JSON.stringify(opening);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(mark, 'utf8'));
    const padded = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / PADDING) * PADDING, ' ');
    padded.write(text, 'utf8');
    const body = Buffer.concat([cipher.update(padded), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
  };
  const open = (tenant: string, { mark, sealed }: DrillInForce): DrillOpening | null => {
    const bytes = Buffer.from(sealed, 'base64url');
    for (const key of keysOf(tenant)) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(mark, 'utf8'));
        decipher.setAuthTag(bytes.subarray(12, 28));
        const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
        return openingSchema.parse(JSON.parse(text));
      } catch {
        // Another key's: a secret before this one.
      }
    }
    return null;
  };

  return {
    plant(tenant, action, missed) {
      const opening = { salt: randomBytes(32).toString('base64url'), action, missed };
      const [mark = ''] = marksOf(tenant, action);
      const sealed = seal(tenant, mark, opening);
      return { state: 'planted', mark, commitment: drillCommitment(opening), sealed };
    },
    find({ drills }, tenant, action) {
      if (drills.size === 0) return null;
      const marks = marksOf(tenant, action);
      for (const [planted, drill] of drills) {
        if (!marks.includes(drill.mark)) continue;
        // What cannot be opened any more is a drill all the same, and is never released.
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
