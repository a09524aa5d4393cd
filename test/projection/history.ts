/** A log of every course that an action may take, with times and amounts that differ, sealed through the sequencer. */
import type { JsonObject } from '../../src/contract/index.ts';
import { encodeRecord, envelopeBytes, signEnvelope } from '../../src/sealing/index.ts';
import { createSequencer } from '../../src/sequencer/index.ts';
import { BUNDLE, COURSES, recordOf, REQUEST, type Draft } from '../evidence/world.ts';
import type { TestDatabase } from '../support/postgres.ts';

/** When the first action was asked for; each one after it a minute later. */
export const BEGAN = Date.parse('2026-03-02T08:00:00.000Z');
const MINUTE_MS = 60_000;
/** Between two records of one action. */
const STEP_MS = 7_000;

export interface Sealing {
  /** Seals the records of one action, from `at` on. */
  seal(action: string, drafts: readonly Draft[], at: number): Promise<void>;
}

export function sealingOf(world: TestDatabase, tenant = 'default'): Sealing {
  const sequencer = createSequencer(world);
  const signer = world.keys.forTenant(tenant).record;
  return {
    async seal(action, drafts, at) {
      let prev: string | null = null;
      for (const [seq, draft] of drafts.entries()) {
        const time = new Date(at + seq * STEP_MS).toISOString();
        const record = recordOf(draft, { tenant, action, seq, prev, at: time, requestHash: REQUEST });
        const { payload, hash } = encodeRecord(record);
        prev = hash;
        const envelope = envelopeBytes(await signEnvelope(payload, signer));
        const { type, at: sealedAt } = record;
        const facets = { surface: null, actor: null, approver: null, decision: null };
        await sequencer.append(tenant, [{ action, seq, type, recordHash: hash, envelope, at: sealedAt, facets }]);
      }
    },
  };
}

/** A course as if another amount had been asked for. */
export const asking = (drafts: readonly Draft[], disclosed: JsonObject, more: object = {}): Draft[] =>
  drafts.map((draft, at) => (at === 0 ? { ...draft, disclosed, ...more } : draft));

/** Every course once a round, each of an amount of its own. @returns the actions, by course */
export async function sealCourses(world: TestDatabase, rounds: number): Promise<Map<string, string[]>> {
  const { seal } = sealingOf(world);
  const body = { bundle: BUNDLE, previous: null, action: null };
  await seal('policy', [{ type: 'policy', by: 'user:cfo@acme.test', reason: 'first', body }], BEGAN);
  const actions = new Map<string, string[]>();
  let made = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const [course, drafts] of Object.entries(COURSES)) {
      made += 1;
      const action = `act_${String(made).padStart(5, '0')}`;
      const disclosed = { 'params.amount': made, 'params.currency': made % 3 === 0 ? 'EUR' : 'USD' };
      await seal(action, asking(drafts, disclosed), BEGAN + made * MINUTE_MS);
      actions.set(course, [...(actions.get(course) ?? []), action]);
    }
  }
  return actions;
}
