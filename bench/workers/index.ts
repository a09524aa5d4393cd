/**
 * What the death of a worker costs: one of two is killed with -9 while people decide and executors redeem and report. `npm run bench workers`
 */
import { killUnderLoad, startProcesses } from '../../test/support/processes.ts';
import { LEAD } from '../../test/support/stack.ts';
import { keepRun } from '../many/runs.ts';
import findTemporalServer from '../../test/support/temporal.ts';

/** A task that the dead worker held is given to another one after three seconds. */
const LONGEST_MS = 4000;

export async function workers(): Promise<boolean> {
  await findTemporalServer();
  const it = await startProcesses();
  const victim = await it.worker();
  const urls = await Promise.all([it.api(), it.api()]);
  await it.worker();
  const approver = await it.person(LEAD);
  const { wrong, unavailable, longestMs } = await killUnderLoad(it, { urls, victim, approver, actions: 60, lanes: 8 });
  await it.stop();
  for (const one of wrong) console.log(one);
  const errors = wrong.length + unavailable;
  const held = errors === 0 && longestMs <= LONGEST_MS;
  keepRun('workers', [
    ['errors that callers saw', `${errors} (none)`],
    ['longest answer', `${longestMs.toFixed(0)} ms (at most ${LONGEST_MS})`],
  ]);
  return held;
}
