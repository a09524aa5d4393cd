import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCases } from './cases.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const hasGo = spawnSync('go', ['version']).status === 0;

/** A verifier in Go that shares no code with ours: golang.org/x/mod/sumdb and the standard library. */
describe.skipIf(!hasGo)(`evidence verified in Go${hasGo ? '' : ' (skipped: `go` is not on PATH)'}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-interop-'));
  const answers = new Map<string, { ok: boolean; error?: string }>();

  beforeAll(async () => {
    const binary = join(folder, 'interop');
    const built = spawnSync('go', ['build', '-o', binary, '.'], { cwd: here, encoding: 'utf8' });
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
    const run = spawnSync(binary, args, { encoding: 'utf8' });
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
  it('refuses for the reason that is there, not for a file it cannot read', () => {
    const errors = [...answers.values()].flatMap(({ error }) => (error === undefined ? [] : [error]));
    expect(errors.filter((error) => /no such file|unknown kind|cannot unmarshal/.test(error))).toEqual([]);
  });
});
