import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildVectors, vectorText } from './build/index.ts';

/** The vectors are golden files: whoever changes a format sees it here, and so does every verifier that others wrote. */
describe('the published vectors', async () => {
  const built = await buildVectors();
  it('are all there are', () => {
    const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.json'));
    expect(files.sort()).toEqual(Object.keys(built).sort());
  });
  it.each(Object.keys(built))('%s is what the code makes', (name) => {
    expect(readFileSync(new URL(name, import.meta.url), 'utf8')).toBe(vectorText(built[name]));
  });
});
