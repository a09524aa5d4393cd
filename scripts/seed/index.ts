/**
 * `npm run seed -- [--actions N] [--seed N] [--days N] [--until TIME] [--clean] [--check]`: a believable history in the data folder, sealed by
 * the engine's own steps through the sequencer, with twelve anomalies for audits to find. For trying the console out, and for measuring it; never for a stack that
 * is in use. With `--check` an audit looks at it, which fails where one of them is not found, or ordinary business is asked about too often.
 */
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/main/config.ts';
import { ANOMALIES } from './anomalies.ts';
import { auditOf, tell } from './look.ts';
import { seed } from './seed.ts';

const { values } = parseArgs({
  options: {
    actions: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    days: { type: 'string', default: '365' },
    until: { type: 'string', default: new Date().toISOString() },
    clean: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});
const [actions, number, days] = [values.actions, values.seed, values.days].map(Number) as [number, number, number];
for (const [name, value] of Object.entries({ actions, seed: number, days })) {
  if (Number.isSafeInteger(value) && value > 0) continue;
  console.error(`--${name} is a whole number above 0`);
  process.exit(2);
}
const until = Date.parse(values.until);
if (Number.isNaN(until)) {
  console.error('--until is a time, such as 2026-11-20T18:00:00Z');
  process.exit(2);
}
const policies = fileURLToPath(new URL('policies', import.meta.url));
const config = loadConfig({ COUNTERSIGN_POLICIES: policies, ...process.env });
const began = performance.now();
const { clean, check } = values;
await seed(
  config,
  {
    ...{ actions, seed: number, days, clean, until },
    // One line that is written over again; in a log it would be hundreds.
    onProgress: (made, records) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${made} actions, ${records} records`);
    },
  },
  async (parts, done) => {
    if (process.stderr.isTTY) process.stderr.write('\n');
    const each = ((performance.now() - began) / done.actions).toFixed(2);
    console.log(`${done.actions} actions in ${done.records} records, ${each} ms an action`);
    if (!check) return;
    const audited = await auditOf(parts, { actions: done.actions, clean });
    tell(audited);
    if (!audited.isRight) process.exitCode = 1;
  },
);
if (!clean) console.log(`planted: ${ANOMALIES.join(', ')}`);
console.log(`look at it: COUNTERSIGN_POLICIES=${config.policiesDir} npm start`);
