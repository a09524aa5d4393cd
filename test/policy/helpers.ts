import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionRequest, Facts } from '../../src/contract/index.ts';
import { buildBundle, compileBundle, type CompiledBundle, type PolicyFile } from '../../src/policy/index.ts';

/** All files of the shipped policies folder, as the loader gives them. */
export function shippedFiles(): PolicyFile[] {
  const folder = join(import.meta.dirname, '../../policies');
  return readdirSync(folder)
    .filter((name) => /\.(ya?ml|cedar|wasm)$/.test(name) && name !== 'directory.yaml')
    .map((name) => ({
      path: name,
      text: readFileSync(join(folder, name), name.endsWith('.wasm') ? 'base64' : 'utf8'),
    }));
}

/** Text of the shipped directory. */
export function shippedDirectory(): string {
  return readFileSync(join(import.meta.dirname, '../../policies/directory.yaml'), 'utf8');
}

/** Compiles policy texts, or fails with their problems. */
export function compiled(...texts: string[]): CompiledBundle {
  const { bundle, problems } = buildBundle(texts.map((text, index) => ({ path: `p${index}.yaml`, text })));
  if (bundle === null) throw new Error(JSON.stringify(problems, null, 2));
  return compileBundle(bundle.source, bundle.hash);
}

/** A policy named `test` on surface `test.do` with these rules and whatever else is given. */
export function policy(rules: string, more = ''): string {
  return `policy: test\nsurfaces: [test.do]\n${more}\nrules:\n${rules.replace(/^/gm, '  ')}\n`;
}

/** A request on `test.do`; `change` replaces top-level members. */
export function request(change: Partial<ActionRequest> = {}): ActionRequest {
  return { surface: 'test.do', action: 'do', actor: { id: 'agent:bot', type: 'agent' }, ...change };
}

/** Facts at a Monday noon in Berlin. */
export function facts(change: Partial<Facts> = {}): Facts {
  return { now: '2026-11-23T11:00:00.000Z', limits: [], people: {}, conflict: null, ...change };
}
