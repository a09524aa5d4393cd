/** A log that nobody reads holds up nothing: it keeps what fits, drops the rest, and says how much. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogStream } from '../../src/main/log-stream.ts';
import { eventually } from '../support/eventually.ts';

it('what does not fit is kept in order, beyond the bound it is dropped and said', async () => {
  let text = '';
  let room = 10;
  let dropped = 0;
  const stream = createLogStream({
    tryWrite: (bytes) => {
      const taken = Math.min(room, bytes.length);
      text += Buffer.from(bytes.subarray(0, taken)).toString();
      room -= taken;
      return taken;
    },
    onDropped: (lines) => (dropped += lines),
    keptMax: 20,
    againMs: 1,
  });
  stream.write('12345678\n');
  stream.write('abcdefgh\n');
  stream.write('ABCDEFGH\n');
  stream.write('too much\n');
  expect([text, dropped]).toEqual(['12345678\na', 1]);
  room = 1000;
  await eventually('it says so', () => (text.includes('"dropped":1') ? true : undefined));
  expect(text.startsWith('12345678\nabcdefgh\nABCDEFGH\n{')).toBe(true);
});

describe('a process whose standard error is full, for nobody reads it', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-log-'));
    const code = `import { createLogStream } from './log-stream.mjs';
      const log = createLogStream();
      for (let i = 0; i < 20_000; i++) log.write(i + ' a line of some length that fills a pipe of sixty-four kibibytes soon\\n');
      process.stdout.write('went on');`;
    writeFileSync(join(folder, 'child.mjs'), code);
    const source = readFileSync('src/main/log-stream.ts', 'utf8');
    writeFileSync(join(folder, 'log-stream.mjs'), (await transform(source, { loader: 'ts', format: 'esm' })).code);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['a socket', ''],
    ['a pipe', 'exec 2> >(exec sleep 600 >&-); '],
  ])('%s: it goes on, and ends when it wants', async (_what, before) => {
    const child = spawn('bash', ['-c', `${before}exec "$0" "$1"`, process.execPath, join(folder, 'child.mjs')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    try {
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const [code] = (await once(child, 'exit')) as [number | null];
      await eventually('it says so', () => (said === 'went on' ? true : undefined));
      expect(code).toBe(0);
    } finally {
      // With whatever it left behind, if anything.
      if (child.pid !== undefined) spawnSync('kill', ['-KILL', '--', `-${child.pid}`]);
    }
  });
});
