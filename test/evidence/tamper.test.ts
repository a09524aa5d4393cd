/** A log of 10,000 records, tampered with 500 times: always found, and named. */
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/canonical/index.ts';
import { auditLog, type AuditReport, type EntryReader } from '../../src/evidence/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { decodeEntries, encodeEntries, HASH_BYTES, tilePath, TILE_WIDTH, tileWidth } from '../../src/ledger/index.ts';
import { seededRandom } from '../support/random.ts';
import { fill, filesOf, openLog, rememberingReader, type TestLog } from './world.ts';

const SIZE = 10_000;
const ALONE = 100;
const BATCHES = 40;
const BATCH = 10;

let world: TestLog;
let sealed: Map<string, Uint8Array>;
let readEntry: EntryReader;

/** The same tamperings on every run. */
const random = seededRandom(20_261_121);

beforeAll(async () => {
  world = await openLog();
  await fill(world, SIZE);
  sealed = await world.files();
  readEntry = rememberingReader(world.trust);
}, 300_000);

const audit = (files: ReadonlyMap<string, Uint8Array>): Promise<AuditReport> =>
  auditLog({ files: filesOf(files), trust: world.trust, verify: nodeVerify, readEntry });

/** What a tampering must lead to: an entry of this index, or this very file, is named. */
interface Named {
  what: string;
  indexes?: number[];
  file?: string;
}

const BLOCKS = Math.ceil(SIZE / TILE_WIDTH);
const widthOf = (block: number): number => tileWidth(0, block, SIZE);
const entriesPath = (block: number): string => tilePath({ level: 'entries', index: block, width: widthOf(block) });

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] as number) ^ (1 << random(8));
  return copy;
}

const two = (below: number): [number, number] => {
  const first = random(below);
  return [first, (first + 1 + random(below - 1)) % below];
};

type Tampering = (files: Map<string, Uint8Array>, block: number) => Named;

const onEntries =
  (what: string, change: (entries: Uint8Array[], i: number, j: number) => number[]): Tampering =>
  (files, block) => {
    const path = entriesPath(block);
    const entries = decodeEntries(files.get(path) as Uint8Array);
    const [i, j] = two(entries.length);
    const places = change(entries, i, j);
    files.set(path, encodeEntries(entries));
    return { what: `${what} ${i} (${j}) of block ${block}`, indexes: places.map((at) => block * TILE_WIDTH + at) };
  };

const onTile =
  (what: string, change: (tile: Uint8Array, i: number, j: number) => Uint8Array | null, level = 0): Tampering =>
  (files, block) => {
    const path = tilePath({
      level,
      index: level === 0 ? block : 0,
      width: tileWidth(level, level === 0 ? block : 0, SIZE),
    });
    const tile = files.get(path) as Uint8Array;
    const [i, j] = two(tile.length / HASH_BYTES);
    const changed = change(tile, i, j);
    if (changed === null) files.delete(path);
    else files.set(path, changed);
    return { what: `${what} ${i} (${j}) of ${path}`, file: path };
  };

const hashAt = (tile: Uint8Array, i: number): Uint8Array => tile.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
const without = (tile: Uint8Array, i: number): Uint8Array =>
  concatBytes(tile.subarray(0, i * HASH_BYTES), tile.subarray((i + 1) * HASH_BYTES));

const IN_BLOCK: Tampering[] = [
  onEntries('flips a bit of entry', (entries, i) => {
    const entry = entries[i] as Uint8Array;
    entries[i] = flip(entry, random(entry.length));
    return [i];
  }),
  onEntries('deletes entry', (entries, i) => {
    entries.splice(i, 1);
    return [i];
  }),
  onEntries('swaps entries', (entries, i, j) => {
    [entries[i], entries[j]] = [entries[j] as Uint8Array, entries[i] as Uint8Array];
    return [i, j];
  }),
  onEntries('puts another entry in place of', (entries, i) => {
    const elsewhere = decodeEntries(sealed.get(entriesPath(random(BLOCKS - 1))) as Uint8Array);
    const other = elsewhere[random(elsewhere.length)] as Uint8Array;
    entries[i] = Buffer.compare(other, entries[i] as Uint8Array) === 0 ? flip(other, 0) : other;
    return [i];
  }),
  onEntries('doubles entry', (entries, i) => {
    entries.splice(i, 0, entries[i] as Uint8Array);
    return [i + 1];
  }),
  onEntries('inserts a made-up entry before', (entries, i) => {
    entries.splice(i, 0, new TextEncoder().encode('{"payload":"","payloadType":"x","signatures":[]}'));
    return [i];
  }),
  onEntries('cuts entry', (entries, i) => {
    const entry = entries[i] as Uint8Array;
    entries[i] = entry.subarray(0, random(entry.length));
    return [i];
  }),
  (files, block) => {
    const path = entriesPath(block);
    const bundle = files.get(path) as Uint8Array;
    const at = random(bundle.length);
    files.set(path, bundle.subarray(0, at));
    return { what: `truncates ${path} to ${at} bytes`, indexes: [block * TILE_WIDTH + widthOf(block) - 1] };
  },
  (files, block) => {
    const path = entriesPath(block);
    files.delete(path);
    return { what: `deletes ${path}`, file: path };
  },
  onTile('flips a bit of hash', (tile, i) => flip(tile, i * HASH_BYTES + random(HASH_BYTES))),
  onTile('deletes hash', (tile, i) => without(tile, i)),
  onTile('swaps hashes', (tile, i, j) => {
    const copy = Uint8Array.from(tile);
    copy.set(hashAt(tile, i), j * HASH_BYTES);
    copy.set(hashAt(tile, j), i * HASH_BYTES);
    return copy;
  }),
  onTile('inserts hash', (tile, i) => concatBytes(tile.subarray(0, i * HASH_BYTES), hashAt(tile, i), tile)),
  onTile('truncates at', (tile) => tile.subarray(0, random(tile.length))),
  onTile('deletes the tile', () => null),
];

/** At most one of these at a time. */
const ABOVE: Tampering[] = [
  onTile('flips a bit of hash', (tile, i) => flip(tile, i * HASH_BYTES + random(HASH_BYTES)), 1),
  onTile('deletes hash', (tile, i) => without(tile, i), 1),
  onTile('deletes the tile', () => null, 1),
  (files) => {
    const note = files.get('checkpoint') as Uint8Array;
    const at = random(note.length);
    files.set('checkpoint', flip(note, at));
    return { what: `flips a bit of byte ${at} of the checkpoint`, file: 'checkpoint' };
  },
  (files) => {
    const note = files.get('checkpoint') as Uint8Array;
    files.set('checkpoint', note.subarray(0, random(note.length)));
    return { what: 'truncates the checkpoint', file: 'checkpoint' };
  },
];

const isNamed = ({ findings }: AuditReport, { indexes = [], file }: Named): boolean =>
  (file === undefined || findings.some((finding) => finding.file === file)) &&
  indexes.every((index) =>
    findings.some(({ index: at, to = at }) => at !== null && to !== null && at <= index && index <= to),
  );

describe('a log of 10,000 records', () => {
  it('is clean as it was sealed', async () => {
    const report = await audit(sealed);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ clean: true, holds: true, size: SIZE, records: SIZE, found: 0 });
  });

  it(
    `tampered with in one place, ${ALONE} times, is found out and the place is named`,
    { timeout: 600_000 },
    async () => {
      const kinds = [...IN_BLOCK, ...ABOVE];
      for (let i = 0; i < ALONE; i++) {
        const files = new Map(sealed);
        const named = (kinds[i % kinds.length] as Tampering)(files, random(BLOCKS));
        const report = await audit(files);
        expect(report.clean, named.what).toBe(false);
        expect(isNamed(report, named), `${named.what}: ${JSON.stringify(report.findings.slice(0, 5))}`).toBe(true);
      }
    },
  );

  it(
    `tampered with in ${BATCH} places at once, ${BATCHES} times, has all of them named`,
    { timeout: 600_000 },
    async () => {
      for (let i = 0; i < BATCHES; i++) {
        const files = new Map(sealed);
        const blocks = new Set<number>();
        while (blocks.size < BATCH) blocks.add(random(BLOCKS));
        const all = [...blocks].map((block) => (IN_BLOCK[random(IN_BLOCK.length)] as Tampering)(files, block));
        const report = await audit(files);
        for (const named of all) {
          expect(isNamed(report, named), `${named.what}: ${JSON.stringify(report.findings.slice(0, 20))}`).toBe(true);
        }
      }
    },
  );
});
