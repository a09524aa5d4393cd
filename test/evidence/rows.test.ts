/**
 * The rows of a database that holds a log of 10,000 records, tampered with 500 times: found out from outside, and named. A hundred times
 * in one place alone, and four hundred times in ten places at once, of which each has to be named among the others.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64, fromUtf8, hashOfBytes } from '../../src/canonical/index.ts';
import type { Envelope, RecordPayload } from '../../src/contract/index.ts';
import { auditLog, type AuditReport, type EntryReader, type Finding } from '../../src/evidence/index.ts';
import { logFiles } from '../../src/archive/make/log-files.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { tilePath, TILE_WIDTH, tileWidth } from '../../src/ledger/index.ts';
import { createLogReader, createSequencer } from '../../src/sequencer/index.ts';
import type { Trust } from '../../src/sealing/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { seededRandom } from '../support/random.ts';
import { fill, openLog, rememberingReader } from './world.ts';

const SIZE = 10_000;
const BLOCKS = Math.ceil(SIZE / TILE_WIDTH);
const ALONE = Number(process.env['COUNTERSIGN_TAMPERINGS'] ?? 100);
const BATCHES = ALONE * 0.4;
const BATCH = 10;
const TABLES = ['log_entry', 'log_tile', 'log_head'];

let database: TestDatabase;
let client: pg.Client;
let trust: Trust;
let readEntry: EntryReader;

/** The same tamperings on every run. */
const random = seededRandom(20_261_122);

beforeAll(async () => {
  database = await openTestDatabase();
  const { record, log } = database.keys.forTenant('default');
  const world = await openLog(record);
  await fill(world, SIZE);
  const staged = world.log.entries.map((envelope) => {
    const payload = fromBase64((JSON.parse(fromUtf8(envelope)) as Envelope).payload);
    const { action, seq, type, at } = JSON.parse(fromUtf8(payload)) as RecordPayload;
    const facets = { surface: null, actor: null, approver: null, decision: null };
    return { action, seq, type, at, recordHash: hashOfBytes(payload), envelope, facets };
  });
  const sequencer = createSequencer(database);
  for (let at = 0; at < staged.length; at += 500) await sequencer.append('default', staged.slice(at, at + 500));
  trust = { recordKeys: [record.publicJwk], logKeys: [log.vkey] };
  readEntry = rememberingReader(trust);
  client = new pg.Client({ connectionString: database.postgres.connectionString });
  await client.connect();
  for (const table of TABLES) await client.query(`create table kept_${table} (like ${table} including indexes)`);
  for (const table of TABLES) await client.query(`insert into kept_${table} table ${table}`);
}, 300_000);
afterAll(async () => {
  await client.end();
  await database.close();
});

/** Through the reader that the API serves from. With all findings: a report lists no more than 200 of each code. */
async function audit(): Promise<AuditReport> {
  const findings: Finding[] = [];
  const onFinding = (finding: Finding): number => findings.push(finding);
  const files = logFiles(createLogReader(database), 'default');
  const report = await auditLog({ files, trust, verify: nodeVerify, readEntry, onFinding });
  return { ...report, findings };
}

/** What was done, and what must be named: these entries, or this file. */
interface Named {
  what: string;
  indexes?: number[];
  /** Any of them is the right one. */
  files?: string[];
}

const FLIP =
  'overlay(%s placing set_byte(substring(%s from $2 for 1), 0, get_byte(substring(%s from $2 for 1), 0) # $3) from $2 for 1)';
const flip = (column: string): string => FLIP.replaceAll('%s', column);
const bit = (): number => 1 << random(8);
const at = (text: string, ...values: unknown[]): Promise<pg.QueryResult<Record<string, number>>> =>
  client.query(text, values);

const widthOf = (block: number): number => tileWidth(0, block, SIZE);
const anyOf = (block: number): number => block * TILE_WIDTH + random(widthOf(block));
const entriesOf = (block: number): string => tilePath({ level: 'entries', index: block, width: widthOf(block) });
const tileOf = (block: number): string => tilePath({ level: 0, index: block, width: widthOf(block) });
const ABOVE = tilePath({ level: 1, index: 0, width: tileWidth(1, 0, SIZE) });

async function lengthOf(index: number): Promise<number> {
  const { rows } = await at('select length(envelope) as n from log_entry where index = $1', index);
  return rows[0]?.['n'] ?? 0;
}

async function swap(a: number, b: number): Promise<void> {
  await at('update log_entry set index = -1 where index = $1', a);
  await at('update log_entry set index = $2 where index = $1', b, a);
  await at('update log_entry set index = $1 where index = -1', b);
}

/** Each changes rows of one block. The last block has no tile of its own. */
type Tampering = (block: number) => Promise<Named>;

const IN_BLOCK: Tampering[] = [
  async (block) => {
    const index = anyOf(block);
    await at(
      `update log_entry set envelope = ${flip('envelope')} where index = $1`,
      index,
      1 + random(await lengthOf(index)),
      bit(),
    );
    return { what: `flips a bit of entry ${index}`, indexes: [index] };
  },
  async (block) => {
    const index = anyOf(block);
    await at('delete from log_entry where index = $1', index);
    return { what: `deletes the row of entry ${index}`, indexes: [index] };
  },
  async (block) => {
    const a = anyOf(block);
    const b = block * TILE_WIDTH + ((a + 1) % widthOf(block));
    if (a === b) return { what: 'nothing' };
    await swap(a, b);
    return { what: `swaps entries ${a} and ${b}`, indexes: [a, b] };
  },
  async (block) => {
    const index = anyOf(block);
    await at('update log_entry set envelope = substring(envelope for $2) where index = $1', index, random(400));
    return { what: `cuts entry ${index} short`, indexes: [index] };
  },
  async (block) => {
    const index = anyOf(block);
    const other = (index + TILE_WIDTH * (1 + random(BLOCKS - 2))) % SIZE;
    await at(
      `update log_entry set (envelope, leaf_hash, record_hash) =
         (select envelope, leaf_hash, record_hash from kept_log_entry where index = $2) where index = $1`,
      index,
      other,
    );
    return { what: `puts entry ${other} also at ${index}`, indexes: [index] };
  },
  async (block) => {
    const index = anyOf(block);
    const last = block * TILE_WIDTH + widthOf(block) - 1;
    await at('delete from log_entry where index = $1', last);
    await at('update log_entry set index = -index - 2 where index >= $1 and index < $2', index, last);
    await at('update log_entry set index = -index - 1 where index < 0');
    await at(
      `insert into log_entry select tenant, $1::bigint, action, (seq + 1000000 + $1::bigint)::integer, type, record_hash, leaf_hash, $2::bytea, at
         from kept_log_entry where index = 0`,
      index,
      Buffer.from('{"payload":"","payloadType":"x","signatures":[]}'),
    );
    return { what: `inserts a made-up row at ${index}`, indexes: [index] };
  },
  async (block) => {
    const from = anyOf(block);
    const last = block * TILE_WIDTH + widthOf(block) - 1;
    await at('delete from log_entry where index between $1 and $2', from, last);
    return from % TILE_WIDTH === 0
      ? { what: `deletes all rows of block ${block}`, files: [entriesOf(block)] }
      : { what: `deletes the rows of ${from} to ${last}`, indexes: [from, last] };
  },
  async (block) => {
    const place = random(widthOf(block) * 32);
    if (widthOf(block) === TILE_WIDTH) {
      await at(
        `update log_tile set hashes = ${flip('hashes')} where level = 0 and index = $1`,
        block,
        1 + place,
        bit(),
      );
    } else {
      const index = block * TILE_WIDTH + Math.floor(place / 32);
      await at(
        `update log_entry set leaf_hash = ${flip('leaf_hash')} where index = $1`,
        index,
        1 + (place % 32),
        bit(),
      );
    }
    return { what: `flips a bit of ${tileOf(block)}`, files: [tileOf(block)] };
  },
  async (block) => {
    if (widthOf(block) < TILE_WIDTH) return { what: 'nothing' };
    await at(
      'update log_tile set hashes = substring(hashes for $2) where level = 0 and index = $1',
      block,
      random(widthOf(block) * 32),
    );
    return { what: `truncates ${tileOf(block)}`, files: [tileOf(block)] };
  },
  async (block) => {
    if (widthOf(block) < TILE_WIDTH) return { what: 'nothing' };
    const hash = 1 + 32 * random(widthOf(block) - 1);
    await at(
      `update log_tile set hashes = overlay(hashes placing substring(hashes from $2 + 32 for 32) || substring(hashes from $2 for 32)
         from $2 for 64) where level = 0 and index = $1`,
      block,
      hash,
    );
    return { what: `swaps hashes of ${tileOf(block)}`, files: [tileOf(block)] };
  },
  async (block) => {
    if (widthOf(block) < TILE_WIDTH) return { what: 'nothing' };
    await at('delete from log_tile where level = 0 and index = $1', block);
    return { what: `deletes the row of ${tileOf(block)}`, files: [tileOf(block)] };
  },
];

/** What reaches over blocks. */
const OF_ALL: Tampering[] = [
  async (block) => {
    const a = anyOf(block);
    const b = anyOf((block + 1 + random(BLOCKS - 1)) % BLOCKS);
    await swap(a, b);
    return { what: `swaps entries ${a} and ${b}`, indexes: [a, b] };
  },
  async () => {
    await at(
      `update log_tile set hashes = ${flip('hashes')} where level = $1`,
      1,
      1 + random((BLOCKS - 1) * 32),
      bit(),
    );
    return { what: `flips a bit of ${ABOVE}`, files: [ABOVE] };
  },
  async () => {
    await at('update log_tile set hashes = substring(hashes for $1) where level = 1', random((BLOCKS - 1) * 32));
    return { what: `truncates ${ABOVE}`, files: [ABOVE] };
  },
  async () => {
    await at('delete from log_tile where level = 1');
    return { what: `deletes the row of ${ABOVE}`, files: [ABOVE] };
  },
  async (block) => {
    const [a, b] = [random(BLOCKS - 1), (random(BLOCKS - 2) + block) % (BLOCKS - 1)];
    if (a === b) return { what: 'nothing' };
    await at('update log_tile set index = -1 where level = 0 and index = $1', a);
    await at('update log_tile set index = $2 where level = 0 and index = $1', b, a);
    await at('update log_tile set index = $1 where level = 0 and index = -1', b);
    return { what: `swaps ${tileOf(a)} and ${tileOf(b)}`, files: [tileOf(a), tileOf(b)] };
  },
  async (block) => {
    const from = anyOf(block);
    await at('delete from log_entry where index >= $1', from);
    return from % TILE_WIDTH === 0
      ? { what: `cuts the log off at ${from}`, files: [entriesOf(block)] }
      : { what: `cuts the log off at ${from}`, indexes: [from] };
  },
  async () => {
    const size = SIZE - 1 - random(TILE_WIDTH / 32);
    await at('update log_head set size = $1', size);
    return { what: `makes the head say ${size}`, files: [tileOf(BLOCKS - 1), entriesOf(BLOCKS - 1)] };
  },
  async () => {
    const { rows } = await at('select length(checkpoint) as n from log_head');
    const place = 1 + random((rows[0]?.['n'] ?? 0) - 1);
    await at(
      `update log_head set checkpoint = overlay(checkpoint placing
         case substring(checkpoint from $1 for 1) when 'A' then 'B' else 'A' end from $1 for 1)`,
      place,
    );
    return { what: `alters character ${place} of the checkpoint`, files: ['checkpoint'] };
  },
  async () => {
    await at('update log_head set checkpoint = left(checkpoint, $1)', random(150));
    return { what: 'truncates the checkpoint', files: ['checkpoint'] };
  },
];

/** Every row as it was. */
async function undo(): Promise<void> {
  await at(`delete from log_entry e where not exists (select from kept_log_entry k where k.index = e.index
    and k.envelope = e.envelope and k.leaf_hash = e.leaf_hash and k.seq = e.seq and k.action = e.action)`);
  await at('insert into log_entry table kept_log_entry on conflict do nothing');
  for (const table of ['log_tile', 'log_head']) {
    await at(`delete from ${table}`);
    await at(`insert into ${table} table kept_${table}`);
  }
}

const isNamed = ({ findings }: AuditReport, { indexes = [], files }: Named): boolean =>
  (files === undefined || findings.some(({ file }) => file !== null && files.includes(file))) &&
  indexes.every((index) =>
    findings.some(({ index: from, to = from, file }) =>
      // What the last rows hold, entries and hashes, nothing but the checkpoint speaks for: they are named together.
      from === null || to === null
        ? index >= (BLOCKS - 1) * TILE_WIDTH && (file === entriesOf(BLOCKS - 1) || file === tileOf(BLOCKS - 1))
        : from <= index && index <= to,
    ),
  );

describe('the rows of a log of 10,000 records', () => {
  it('are clean as they were sealed', async () => {
    const report = await audit();
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ clean: true, holds: true, size: SIZE, records: SIZE });
  }, 120_000);

  it(
    `tampered with in one place, ${ALONE} times: found out, and the place is named`,
    { timeout: 1_200_000 },
    async () => {
      const kinds = [...IN_BLOCK, ...OF_ALL];
      for (let done = 0; done < ALONE;) {
        const named = await (kinds[done % kinds.length] as Tampering)(random(BLOCKS));
        if (named.what === 'nothing') continue;
        done += 1;
        const report = await audit();
        expect(report.clean, named.what).toBe(false);
        expect(isNamed(report, named), `${named.what}: ${JSON.stringify(report.findings.slice(0, 5))}`).toBe(true);
        await undo();
      }
    },
  );

  it(
    `tampered with in ${BATCH} places at once, ${BATCHES} times: each of them is named`,
    { timeout: 1_200_000 },
    async () => {
      for (let done = 0; done < BATCHES; done += 1) {
        const all = new Map<number, Named>();
        while (all.size < BATCH) {
          const block = random(BLOCKS);
          if (all.has(block)) continue;
          const named = await (IN_BLOCK[random(IN_BLOCK.length)] as Tampering)(block);
          if (named.what !== 'nothing') all.set(block, named);
        }
        const report = await audit();
        for (const named of all.values()) {
          expect(isNamed(report, named), `${named.what}: ${JSON.stringify(report.findings.slice(0, 20))}`).toBe(true);
        }
        await undo();
      }
    },
  );
});
