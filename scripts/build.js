/**
 * Builds `dist/` from `src/` and, in a checkout, `sandbox/`: types are stripped file by file, nothing is bundled, and only what changed is built again.
 * The console is a program of browsers: Vite bundles it into `dist/console`. The workflows run in a sandbox of Temporal's, which takes them
 * as one file: bundled here, so that no worker has to.
 * `tsc` checks the types apart. Plain JavaScript: `bin/countersign.js` asks it before anything else runs.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
/** What `dist/` was built from: the stamp of each source. */
const STAMPS = join(DIST, '.built-from.json');
/** Knows how the workflows are bundled; it is a part of what is built. */
const BUNDLER = join(DIST, 'src/main/workflow-bundle.js');
const LOCK = join(DIST, '.building');
/** Folders of a package within, which it builds itself. */
const NOT_OURS = ['dist', 'node_modules'];
/** Rebuilds everything when it changes. */
const BUILDER = 'scripts/build.js';
/** A program of browsers, and the rooms that it takes code of. */
const WEB = 'src/console/web';
const CONSOLE = join(DIST, 'console');
const SHARED_WITH_WEB = [
  'canonical',
  'contract',
  'ledger',
  'sealing',
  'evidence',
  'export',
  'audit',
  'policy',
  'approval',
];
/** What the workflows are made of (eslint/rooms.js), and what bundles them. */
const WORKFLOWS = ['src/workflows/', 'src/approval/', 'src/contract/', 'src/main/workflow-bundle.ts'];
/** A builder needs seconds, on a busy machine many; one that needs longer is not waited for. */
const PATIENCE_MS = 90_000;
/** How long a lock may lack the id of its owner, who writes it at once. */
const UNSIGNED_MS = 2_000;

/**
 * Size and times of every source. The change time is in it because a copy or a checkout may restore an old modification time.
 *
 * @returns {Record<string, string>} by path from the root.
 */
function readStamps() {
  const stamps = {};
  const add = (file) => {
    const { size, mtimeMs, ctimeMs } = statSync(join(ROOT, file));
    stamps[file] = `${size} ${mtimeMs} ${ctimeMs}`;
  };
  const walk = (folder) => {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      const file = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!NOT_OURS.includes(entry.name)) walk(file);
      } else if (isBuilt(file) || isWeb(file)) add(file);
    }
  };
  for (const folder of ['src', 'sandbox']) if (existsSync(join(ROOT, folder))) walk(folder);
  add(BUILDER);
  return stamps;
}

const isWeb = (file) => file.startsWith(`${WEB}/`);
const isScript = (file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !isWeb(file);
const feedsWeb = (file) => isWeb(file) || SHARED_WITH_WEB.some((room) => file.startsWith(`src/${room}/`));
/** Taken as it is. */
const isCopied = (file) => file.endsWith('.cjs') || file.includes('/static/');
const feedsWorkflows = (file) => WORKFLOWS.some((place) => file.startsWith(place));
const isBuilt = (file) => isScript(file) || isCopied(file);
const outputOf = (file) => join(DIST, isScript(file) ? file.replace(/\.ts$/, '.js') : file);

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const printed = (stamps) => JSON.stringify(stamps, null, 1);

/** Whether `dist/` was built from the sources as they are. A few milliseconds. */
export function isCurrent() {
  const built = readText(STAMPS);
  return built !== '' && built === printed(readStamps());
}

/** A reader sees the old file or the new one, never half of it. */
function replaceFile(file, write) {
  mkdirSync(dirname(file), { recursive: true });
  const beside = `${file}.${process.pid}`;
  write(beside);
  renameSync(beside, file);
}

/** Brings `dist/` up to date. The caller holds the lock. */
async function build() {
  // The stamps are read before the sources: what is edited meanwhile is stale afterwards, never wrongly current.
  const stamps = readStamps();
  const before = JSON.parse(readText(STAMPS) || '{}');
  const sameBuilder = before[BUILDER] === stamps[BUILDER];
  const isSame = (file) => sameBuilder && before[file] === stamps[file];
  const changed = Object.keys(stamps).filter((file) => isBuilt(file) && !(isSame(file) && existsSync(outputOf(file))));
  await strip(changed.filter(isScript));
  for (const file of changed.filter((one) => !isScript(one))) {
    replaceFile(outputOf(file), (to) => copyFileSync(join(ROOT, file), to));
  }
  const removed = Object.keys(before).filter((file) => stamps[file] === undefined);
  for (const file of removed.filter((one) => !isWeb(one))) rmSync(outputOf(file), { force: true });
  const fed = Object.keys(stamps).filter(feedsWeb);
  if (fed.some(isWeb) && !(fed.every(isSame) && !removed.some(feedsWeb) && existsSync(CONSOLE))) await bundle();
  const sameWorkflows = [...Object.keys(stamps), ...removed].filter(feedsWorkflows).every(isSame);
  if (existsSync(BUNDLER)) await bundleWorkflows(sameWorkflows);
  replaceFile(STAMPS, (to) => writeFileSync(to, printed(stamps)));
}

/** Bundles the workflows, unless that was done from the same sources with the same version of Temporal's SDK. */
async function bundleWorkflows(same) {
  const bundler = await import(pathToFileURL(BUNDLER).href).catch(() => null);
  // Temporal's worker has no build for every platform. What needs no worker runs there all the same.
  if (bundler === null) return;
  const { bundleWorkflows: bundled, builtBundlePath } = bundler;
  const file = builtBundlePath();
  if (same && existsSync(file)) return;
  for (const name of readdirSync(dirname(file)).filter((one) => one.startsWith('bundle-')))
    rmSync(join(dirname(file), name));
  const code = await bundled();
  replaceFile(file, (to) => writeFileSync(to, code));
}

/** Strips the types of these files and lets relative imports name what was built. */
async function strip(files) {
  if (files.length === 0) return;
  const esbuild = await import('esbuild');
  const { outputFiles } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: files,
    outdir: DIST,
    outbase: ROOT,
    write: false,
    // A bundle of one file each, with every import left where it is: that is how esbuild rewrites what they name.
    bundle: true,
    treeShaking: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'silent',
    plugins: [
      {
        name: 'imports stay',
        setup({ onResolve }) {
          onResolve({ filter: /./ }, ({ kind, path }) => {
            if (kind === 'entry-point') return undefined;
            return { external: true, path: path.startsWith('.') ? path.replace(/\.ts$/, '.js') : path };
          });
        },
      },
    ],
  });
  // Its own process would stay for as long as ours.
  await esbuild.stop();
  for (const { path, contents } of outputFiles) replaceFile(path, (to) => writeFileSync(to, contents));
}

/** Files under this many bytes fit a packet or two as they are. */
const SMALL = 1024;

/** Runs `work` as in production, whoever builds: a test runner's `NODE_ENV` would put the paths of this machine into the bundle. */
async function inProduction(work) {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    return await work();
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

/** Bundles the console, with a compressed copy of each file beside it. */
async function bundle() {
  const { build: bundleBy } = await import('vite');
  const { default: config } = await import(pathToFileURL(join(ROOT, WEB, 'vite.config.js')).href);
  // A reader sees the old console or the new one, but for the moment between two renames.
  const [fresh, old] = [`${CONSOLE}.${process.pid}`, `${CONSOLE}.${process.pid}.old`];
  for (const name of readdirSync(DIST).filter((one) => one.startsWith('console.')))
    rmSync(join(DIST, name), { recursive: true, force: true });
  await inProduction(() => bundleBy({ ...config, logLevel: 'error', build: { ...config.build, outDir: fresh } }));
  for (const name of readdirSync(fresh, { recursive: true })) {
    const file = join(fresh, name);
    if (!/\.(js|css|svg)$/.test(name) || statSync(file).size < SMALL) continue;
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
  if (existsSync(CONSOLE)) renameSync(CONSOLE, old);
  renameSync(fresh, CONSOLE);
  rmSync(old, { recursive: true, force: true });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Whether the owner of the lock died, perhaps before it had written its id. */
function isVoid() {
  const owner = Number(readText(LOCK));
  if (owner > 0) return !isAlive(owner);
  const { mtimeMs = Date.now() } = statSync(LOCK, { throwIfNoEntry: false }) ?? {};
  return Date.now() - mtimeMs > UNSIGNED_MS;
}

/** Takes the lock, or says who has it. A lock whose owner died is void. @returns {boolean} */
function takeLock() {
  mkdirSync(DIST, { recursive: true });
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (isVoid()) {
    // Renamed first: of several that find it void, one removes it.
    const mine = `${LOCK}.${process.pid}`;
    try {
      renameSync(LOCK, mine);
      rmSync(mine);
    } catch {
      // Somebody else was quicker.
    }
  }
  return false;
}

/**
 * Makes `dist/` current; of several processes that find it stale, one builds and the others wait.
 *
 * @throws when it cannot be built here: no esbuild, a folder that cannot be written, a source with an error in its syntax.
 */
export async function ensureBuilt() {
  for (const end = Date.now() + PATIENCE_MS; !isCurrent();) {
    if (takeLock()) {
      try {
        if (isCurrent()) return;
        // Half a minute of silence looks like a fault to whoever starts it the first time.
        if (process.stderr.isTTY) console.error('Building dist/, once for these sources…');
        await build();
        return;
      } finally {
        rmSync(LOCK, { force: true });
      }
    }
    if (Date.now() > end) throw new Error('another process has been building dist/ for too long');
    await sleep(20);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureBuilt().catch((error) => {
    // After `npm ci --omit=dev` there is nothing to build with; the command says so when it is run.
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(`dist/ is not built: ${error.message}`);
  });
}
