/**
 * A writer to be killed: seals records of its own actions, several in flight, and prints one line for each that was answered for.
 * Arguments: data folder, name of this writer.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFileKeys } from '../../src/keys/index.ts';
import { createSequencer, type SealedRecord, type StagedRecord } from '../../src/sequencer/index.ts';
import { isUnavailable, openStore } from '../../src/store/index.ts';
import { stageRecord } from '../support/records.ts';

const [, , dataDir = '', connectionString = '', name = ''] = process.argv;
const keys = await openFileKeys(dataDir);
const store = await openStore({ connectionString, cipher: keys.payloadCipher, poolSize: 3 });
const sequencer = createSequencer({ store, keys });
const signer = keys.forTenant('default').record;

/** Who gets no answer asks again: a machine that stands still for long (a paused process, a full disk) is no reason to end. */
async function sealedFor(records: StagedRecord[]): Promise<SealedRecord[]> {
  for (;;) {
    try {
      return await sequencer.append('default', records);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await sleep(50);
    }
  }
}

async function lane(number: number): Promise<never> {
  for (let n = 0; ; n++) {
    const action = `act_${name}_${number}_${n}`;
    const verdict = await stageRecord(signer, { action });
    const release = await stageRecord(signer, { action, seq: 1, prev: verdict.recordHash });
    for (const sealed of await sealedFor([verdict, release])) writeSync(1, `${sealed.index} ${sealed.recordHash}\n`);
    // Fast enough to be caught in the middle of a commit, slow enough that the whole log can be checked afterwards.
    await sleep(20);
  }
}

writeSync(1, 'ready\n');
await Promise.all(Array.from({ length: 8 }, (_, number) => lane(number)));
