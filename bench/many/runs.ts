/** Figures of runs that take longer than the report may: kept beside it with their load and commit, and shown in it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

const RUNS = fileURLToPath(new URL('../runs.json', import.meta.url));

export interface Run {
  commit: string;
  /** Of the last minute, at its end, and how many processors there were. */
  load: number;
  processors: number;
  rows: (readonly [what: string, figure: string])[];
}

export function keptRuns(): Record<string, Run> {
  return existsSync(RUNS) ? (JSON.parse(readFileSync(RUNS, 'utf8')) as Record<string, Run>) : {};
}

/** Says them, and keeps them in the place of those of the run before. */
export function keepRun(name: string, rows: Run['rows']): void {
  for (const [what, figure] of rows) console.log(`${what}: ${figure}`);
  const run = { commit: commit(), load: loadavg()[0] ?? 0, processors: cpus().length, rows };
  writeFileSync(RUNS, `${JSON.stringify({ ...keptRuns(), [name]: run }, null, 2)}\n`);
  execFileSync('npx', ['prettier', '--write', RUNS], { stdio: 'ignore' });
}

/** Of the checkout, short. */
export function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
