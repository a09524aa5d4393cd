/** Before any stack: bundles the workflows once for all of them, which each worker would do for itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflows } from '../../src/main/engine.ts';
import { installRuntime } from '../../src/main/temporal/runtime.ts';
import { createLogger } from '../../src/main/parts.ts';

export default async function setup(): Promise<(() => void) | undefined> {
  // Two projects start stacks: the first of them made it.
  if (process.env['COUNTERSIGN_TEST_WORKFLOWS'] !== undefined) return undefined;
  const runtime = await installRuntime({ log: createLogger('error') });
  const folder = mkdtempSync(join(tmpdir(), 'countersign-workflows-'));
  const file = join(folder, 'workflows.js');
  writeFileSync(file, (await bundleWorkflows()).code);
  // Its core would keep this process alive.
  await runtime.close();
  // The processes that run the test files inherit it.
  process.env['COUNTERSIGN_TEST_WORKFLOWS'] = file;
  return () => rmSync(folder, { recursive: true, force: true });
}
