/** The peers that are packages of Python: installed into a folder of their own, each runs the scenario itself and says as JSON what came of it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PeerReport } from './report.ts';

const run = promisify(execFile);
const HERE = fileURLToPath(new URL('python', import.meta.url));
const SCRIPTS = ['with_agt.py', 'with_emilia.py', 'with_tenuo.py'];

/** @returns a report for each, or a line that says why there is none */
export async function pythonPeers(): Promise<(PeerReport | string)[]> {
  const place = await mkdtemp(join(tmpdir(), 'countersign-peers-'));
  try {
    const python = await installed(place);
    const reports: (PeerReport | string)[] = [];
    for (const script of SCRIPTS) reports.push(await reportOf(python, script));
    return reports;
  } catch (error) {
    return [`the peers of Python are skipped, for their packages do not install here: ${lastLine(error)}`];
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** A Python with their packages, of which no code runs while they are installed. */
async function installed(place: string): Promise<string> {
  await run('python3', ['-m', 'venv', place]);
  const python = join(place, 'bin', 'python');
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
  await run(python, [...pip, '--requirement', join(HERE, 'requirements.txt')], { timeout: 300_000 });
  return python;
}

async function reportOf(python: string, script: string): Promise<PeerReport | string> {
  try {
    const { stdout } = await run(python, ['-B', '-W', 'ignore', join(HERE, script)], { timeout: 60_000 });
    return JSON.parse(stdout) as PeerReport;
  } catch (error) {
    return `${script} did not end well: ${lastLine(error)}`;
  }
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split('\n').at(-1) ?? '';
}
