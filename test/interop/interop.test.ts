import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCases } from './cases.ts';
import { holds, mutate, readVectors } from './mutants.ts';

const MUTANTS = 5000;

const source = fileURLToPath(new URL('../../clients/verify-go', import.meta.url));
const hasGo = spawnSync('go', ['version']).status === 0;

/** A verifier in Go that shares no code with ours: golang.org/x/mod/sumdb and the standard library. */
describe.skipIf(!hasGo)(`evidence verified in Go${hasGo ? '' : ' (skipped: `go` is not on PATH)'}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-interop-'));
  const binary = join(folder, 'countersign-verify');
  const answers = new Map<string, { ok: boolean; error?: string }>();

  beforeAll(async () => {
    const built = spawnSync('go', ['build', '-o', binary, '.'], { cwd: source, encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`the Go verifier does not build: ${built.stderr}`);

    const { cases, files } = await makeCases();
    for (const [name, one] of Object.entries(cases)) writeFileSync(join(folder, `${name}.json`), JSON.stringify(one));
    for (const [log, paths] of Object.entries(files)) {
      for (const [path, bytes] of paths) {
        mkdirSync(dirname(join(folder, log, path)), { recursive: true });
        writeFileSync(join(folder, log, path), bytes);
      }
    }
    const args = Object.keys(cases).map((name) => join(folder, `${name}.json`));
    const run = spawnSync(binary, ['cases', ...args], { encoding: 'utf8' });
    for (const line of run.stdout.trim().split('\n')) {
      const { case: name, ok, error } = JSON.parse(line) as { case: string; ok: boolean; error?: string };
      answers.set(name.replace(/\.json$/, ''), { ok, ...(error === undefined ? {} : { error }) });
    }
    expect([...answers.keys()].sort()).toEqual(Object.keys(cases).sort());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const answered = (kind: string, bad: boolean): [string, { ok: boolean; error?: string }][] =>
    [...answers].filter(([name]) => name.startsWith(bad ? `bad-${kind}` : kind));

  it.each(['receipt', 'history', 'checkpoint', 'consistency', 'tiles', 'permit', 'commitment'])(
    '%s: ours hold, tampered ones fail',
    (kind) => {
      const good = answered(kind, false);
      const bad = answered(kind, true);
      expect(good.length).toBeGreaterThan(0);
      expect(bad.length).toBeGreaterThan(0);
      expect(good.filter(([, { ok }]) => !ok)).toEqual([]);
      expect(bad.filter(([, { ok }]) => ok)).toEqual([]);
    },
  );

  it('says of thousands of mutated receipts what our own verifier says', async () => {
    const { keys, vkeys, receipts } = readVectors();
    writeFileSync(join(folder, 'record-keys.jwks.json'), JSON.stringify({ keys }));
    writeFileSync(join(folder, 'log.vkey'), vkeys.join('\n'));
    const mutants = mutate(receipts, MUTANTS);
    const input = mutants.map((text) => Buffer.from(text).toString('base64')).join('\n');
    const args = ['-lines', '-key', join(folder, 'record-keys.jwks.json'), '-log-key', join(folder, 'log.vkey')];
    const run = spawnSync(binary, args, { input, encoding: 'utf8', maxBuffer: 1 << 26 });
    const theirs = run.stdout.trim().split('\n');
    const ours = await Promise.all(mutants.map((text) => holds(text, { recordKeys: keys, logKeys: vkeys })));
    expect(theirs).toHaveLength(mutants.length);
    const apart = mutants.flatMap((text, i) =>
      theirs[i] === (ours[i] === true ? 'ok' : 'no') ? [] : [{ text, ours: ours[i] }],
    );
    expect(apart).toEqual([]);
    // Some mutations change nothing that counts: without them both could refuse everything.
    expect(ours.filter((one) => one)).not.toEqual([]);
    expect(ours.filter((one) => !one).length).toBeGreaterThan(MUTANTS / 2);
  });

  // Go builds its whole library anew for its fuzzer: a minute on a cold machine.
  it('accepts nothing that nobody signed, whatever a fuzzer tries for some seconds', () => {
    const args = ['test', '-run', 'FuzzReceipt', '-fuzz', 'FuzzReceipt', '-fuzztime', '4000x', '-parallel', '1', '.'];
    const run = spawnSync('go', args, { cwd: source, encoding: 'utf8' });
    expect(`${run.stdout}${run.stderr}`).toMatch(/\bok\b/);
  }, 240_000);

  it('refuses for the reason that is there, not for a file it cannot read', () => {
    const errors = [...answers.values()].flatMap(({ error }) => (error === undefined ? [] : [error]));
    expect(errors.filter((error) => /no such file|unknown kind|cannot unmarshal/.test(error))).toEqual([]);
  });
});
