/** Writes the vectors, when a format changes on purpose: `npx tsx test/vectors/write.ts`. */
import { writeFileSync } from 'node:fs';
import { buildVectors, vectorText } from './build/index.ts';

for (const [name, vectors] of Object.entries(await buildVectors())) {
  writeFileSync(new URL(name, import.meta.url), vectorText(vectors));
}
