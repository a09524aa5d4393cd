/**
 * npm run verifier [-- FOLDER]: the offline verifier as one HTML file, and its SHA-256 beside it. The same sources give the same bytes. Its policy
 * allows its own script and style by their hashes, and nothing else: it can load nothing and send nothing.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'countersign-verify.html';
const folder = process.argv[2] ?? join(ROOT, 'dist', 'verifier');

const { outputFiles } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['verifier/page.ts'],
  bundle: true,
  minify: true,
  write: false,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
});
const style = readFileSync(join(ROOT, 'verifier/style.css'), 'utf8').trim();
// A script element would end at these letters, wherever they stand.
const script = outputFiles[0].text.trim().replaceAll('</script', '<\\/script');
const hashOf = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;

const page = readFileSync(join(ROOT, 'verifier/page.html'), 'utf8')
  .replace(/content="default-src 'none'"/, () => `content="${policy}"`)
  .replace('<!-- style -->', () => `<style>${style}</style>`)
  .replace('<!-- script -->', () => `<script>${script}</script>`);
const sha256 = createHash('sha256').update(page).digest('hex');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, NAME), page);
writeFileSync(join(folder, `${NAME}.sha256`), `${sha256}  ${NAME}\n`);
console.log(`${join(folder, NAME)}: ${Math.round(page.length / 1024)} kB, SHA-256 ${sha256}`);
