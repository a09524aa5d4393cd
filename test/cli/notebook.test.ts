/** The auditor's notebook of the examples, run cell after cell on an evidence archive, and on one in which a record was altered. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasModules, PYTHON, pythonEnv } from '../client/python.ts';
import { fill, openLog } from '../evidence/world.ts';
import { bundleOf } from './archives.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-notebook-'));
const evidence = join(folder, 'evidence');
const keys = join(folder, 'keys.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const python = (args: string[], more: Record<string, string> = {}) =>
  spawnSync(PYTHON, args, { env: { ...process.env, ...pythonEnv, ...more }, encoding: 'utf8' });
const hasPandas = hasModules('pandas', 'countersign');
const run = () => python(['examples/auditor/run.py'], { EVIDENCE: evidence, KEYS: keys });

describe.skipIf(!hasPandas)('the auditor’s notebook', () => {
  beforeAll(async () => {
    const world = await openLog();
    await fill(world, 40);
    mkdirSync(evidence);
    execFileSync('tar', ['-xzf', '-', '-C', evidence], { input: (await bundleOf(world)).archive });
    writeFileSync(keys, JSON.stringify({ keys: world.trust.recordKeys }));
  });

  it('says that the records are signed, who decided, and that nothing went round', () => {
    const { status, stdout, stderr } = run();
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('records are signed, each under its own hash');
    expect(stdout).toContain('user:finance-lead@acme.test');
    expect(stdout).toContain('none without a verdict');
  });

  it('stops at a record that was altered', () => {
    const [name = ''] = readdirSync(join(evidence, 'receipts'));
    const file = join(evidence, 'receipts', name);
    const receipt = JSON.parse(readFileSync(file, 'utf8')) as { envelope: { payload: string } };
    const altered = Buffer.from(receipt.envelope.payload, 'base64').toString().replace('"action":"', '"action":"x');
    receipt.envelope.payload = Buffer.from(altered).toString('base64');
    writeFileSync(file, JSON.stringify(receipt));
    expect(run()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no signature of a pinned key') as string,
    });
  });
});
