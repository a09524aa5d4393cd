/** A writer that stands still while it holds the log beside a start, to be killed. Arguments: data folder, connection string. */
import { openFileKeys } from '../../src/keys/index.ts';
import { createSequencer } from '../../src/sequencer/index.ts';
import { openStore } from '../../src/store/index.ts';
import { anyPayload, stageRecord } from '../support/records.ts';

const [, , dataDir = '', connectionString = ''] = process.argv;
const keys = await openFileKeys(dataDir);
const store = await openStore({ connectionString, cipher: keys.payloadCipher, poolSize: 2 });
const sequencer = createSequencer({ store, keys });
const signer = keys.forTenant('default').record;

for (let n = 0; n < 10; n += 1)
  await sequencer.append('default', [await stageRecord(signer, { action: `act_before_doom_${process.pid}_${n}` })]);
const { alongside } = store.payloads.draft('default', 'act_doomed', anyPayload({}));
const record = await stageRecord(signer, { action: 'act_doomed' });
// Whoever asks when it may be sealed asks in vain: the process stands still from then on, with the log's head locked.
const until = Object.assign(new Promise<void>(() => undefined), {
  then(): never {
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
await sequencer.hold('default', [record], { alongside: alongside === undefined ? [] : [alongside], until });
