/** An operator who rewrites the log is caught from outside: by an auditor's own state, by witnesses, and by every kind of anchor. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosignCheckpoint } from '../../src/witnessing/witnesses.ts';
import { parseCheckpoint, parseNote } from '../../src/ledger/index.ts';
import { createSequencer, type StagedRecord } from '../../src/sequencer/index.ts';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { countersign } from '../cli/harness.ts';
import { eventually } from '../support/eventually.ts';
import { openReceiver, verified, type Receiver } from '../support/receiver.ts';
import { refund, startTestStack, type TestStack } from '../support/stack.ts';
import { openWitness, type TestWitness } from '../support/witness.ts';
import { openTestPostgres } from '../support/cluster.ts';
import { untyped } from '../support/untyped.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const ORIGIN = 'countersign/default';
const SOON = { withinMs: 120_000, everyMs: 300 };

const dir = mkdtempSync(join(tmpdir(), 'countersign-witnesses-'));
const at = (name: string): string => join(dir, name);
let postgres: EmbeddedPostgres;
let it_: TestStack;
let witness: TestWitness;
let receiver: Receiver;
let keys: string[];

const git = (...args: string[]): string => execFileSync('git', args, { cwd: dir, encoding: 'utf8' });
const sizeNow = async (): Promise<number> => {
  const { body } = await it_.call('GET', '/log/default/checkpoint');
  return parseCheckpoint(parseNote(String(body)).text).size;
};
const audit = (...args: string[]) => countersign(['audit', '--url', it_.url, ...keys, ...args]);
/** How many entries the last anchor of each kind speaks of. */
const anchored = (): { file: number; http: number; git: number } => {
  const last = (text: string): number =>
    Math.max(
      0,
      ...text
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { size: number }).size),
    );
  const branch = git('-C', 'anchors.git', 'for-each-ref', '--format=%(refname)', 'refs/heads/countersign-anchors');
  return {
    file: existsSync(at('anchors.jsonl')) ? last(readFileSync(at('anchors.jsonl'), 'utf8')) : 0,
    http: last(receiver.all.map(({ text }) => text).join('\n')),
    git: branch === '' ? 0 : last(git('-C', 'anchors.git', 'grep', '-h', '', 'countersign-anchors')),
  };
};

beforeAll(async () => {
  [postgres, witness, receiver] = await Promise.all([
    openTestPostgres({ dataDir: at('postgres') }),
    openWitness('witness.example/w1'),
    openReceiver(),
  ]);
  const down = await openWitness('witness.example/down');
  await down.close();
  git('init', '--quiet', '--bare', 'anchors.git');
  const settings = {
    every: 1,
    witnesses: [
      { name: 'down', vkey: down.vkey, url: down.url },
      { name: 'first', vkey: witness.vkey, url: witness.url },
    ],
    anchors: [
      { name: 'file', file: 'anchors.jsonl' },
      { name: 'http', url: `${receiver.url}/anchors`, secret: SECRET },
      { name: 'git', git: 'anchors.git' },
    ],
  };
  writeFileSync(at('witnesses.yaml'), JSON.stringify(settings));
  it_ = await startTestStack({
    // This process notices that its log was rewritten, and then believes no credential; an operator who rewrites it lets anybody read.
    COUNTERSIGN_LOG: 'public',
    DATABASE_URL: postgres.connectionString,
    COUNTERSIGN_WITNESSES: at('witnesses.yaml'),
    COUNTERSIGN_LOG_LEVEL: 'silent',
  });
  const vkey = String((await it_.call('GET', '/log/default/vkey')).body).trim();
  const jwks = (await it_.call('GET', '/log/default/jwks.json')).body as object;
  witness.logs.set(ORIGIN, [vkey]);
  writeFileSync(at('records.jwks.json'), JSON.stringify(jwks));
  writeFileSync(at('log.vkey'), vkey);
  keys = ['--key', at('records.jwks.json'), '--log-key', at('log.vkey')];
}, 300_000);
afterAll(async () => {
  await it_.stop({ replay: false });
  await Promise.all([witness.close(), receiver.close()]);
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('an auditor', { timeout: 300_000 }, () => {
  it('finds nothing wrong at the first look, and keeps what was seen', async () => {
    for (const amount of [20, 30, 40]) expect((await it_.ask(refund(amount))).status).toBe(200);
    expect((await it_.ask(refund(5000))).status).toBe(403);
    const ran = await audit('--state', at('state.json'));
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('Nothing is wrong');
    expect(JSON.parse(readFileSync(at('state.json'), 'utf8'))).toMatchObject({ origin: ORIGIN, size: await sizeNow() });
  });

  it('sees at the next look that the log continues', async () => {
    expect((await it_.ask(refund(50))).status).toBe(200);
    const { size } = JSON.parse(readFileSync(at('state.json'), 'utf8')) as { size: number };
    const ran = await audit('--state', at('state.json'), '--json');
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ clean: true, holds: true, continues: [{ size }], found: 0 });
    expect(size).toBeLessThan(await sizeNow());
  });

  it('without keys believes those of the server, and says so', async () => {
    const ran = await countersign(['audit', '--url', it_.url]);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('Not proven: that the keys are the log’s own');
  });

  it.each([
    ['both a server and a folder', ['--archive', dir, '--url', 'http://127.0.0.1:1']],
    ['a folder without keys', ['--archive', dir]],
    ['a state that is none', ['--url', 'http://127.0.0.1:1', '--state', at('log.vkey')]],
    ['anchors that are none', ['--bundle', dir, '--anchors', dir]],
  ])('that gives %s is told how to ask', async (_, args) => {
    expect((await countersign(['audit', ...args])).code).toBe(2);
  });
});

describe('checkpoints', { timeout: 300_000 }, () => {
  it('are cosigned and anchored on their schedules, though one witness is down', async () => {
    const size = await sizeNow();
    await eventually('it is cosigned', () => witness.latest(ORIGIN)?.size === size || undefined, SOON);
    await eventually('it is anchored', () => Object.values(anchored()).every((at) => at === size) || undefined, SOON);
    expect(anchored()).toEqual({ file: size, http: size, git: size });
    expect(verified(untyped(receiver.all[0]), SECRET)).toMatchObject({ kind: 'countersign.anchor', tenant: 'default' });
  });

  it('are served with their cosignatures, which audit and verify check', async () => {
    await eventually(
      'its cosignature is served',
      async () => {
        const { body } = await it_.call('GET', '/log/default/checkpoint');
        return (body as string).includes('— witness.example/w1 ') || undefined;
      },
      SOON,
    );
    const ran = await audit('--witness-key', witness.vkey);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('Cosigned by witness.example/w1 at 2');
    expect(ran.out).not.toContain('Not proven');

    const { body } = await it_.call('GET', '/v1/records?limit=1');
    const { body: receipt } = await it_.call('GET', `/v1/records/${body.records[0].hash}/receipt`);
    writeFileSync(at('receipt.json'), JSON.stringify(receipt));
    const verify = await countersign(['verify', at('receipt.json'), ...keys, '--witness-key', witness.vkey]);
    expect(verify.code).toBe(0);
    expect(verify.out).toContain('witness.example/w1 saw the log like that at 2');

    const { body: note } = await it_.call('GET', '/log/default/checkpoint.witnessed');
    const forged = String(note).replace(
      /(witness\.example\/w1 .{20})./,
      (all, kept: string) => `${kept}${all.endsWith('A') ? 'B' : 'A'}`,
    );
    writeFileSync(at('receipt.json'), JSON.stringify({ ...receipt, log: { ...receipt.log, checkpoint: forged } }));
    const wrong = await countersign(['verify', at('receipt.json'), ...keys, '--witness-key', witness.vkey]);
    expect(wrong).toMatchObject({ code: 3 });
    expect(wrong.out).toContain('note-signature-wrong');
  });
});

describe('an operator who has every key and rewrites the log', { timeout: 300_000 }, () => {
  let oneMore: () => StagedRecord;

  it('makes one that holds by itself', async () => {
    const client = new pg.Client({ connectionString: postgres.connectionString });
    await client.connect();
    const { rows } = await client.query<
      Omit<StagedRecord, 'recordHash' | 'facets' | 'at'> & { at: Date; hash: string }
    >(
      `select action, seq, type, at, envelope, 'sha256:' || encode(record_hash, 'hex') as hash from log_entry order by index`,
    );
    const staged = rows.map(({ hash, at: time, ...row }) => ({
      ...row,
      at: time.toISOString(),
      recordHash: hash,
      facets: { surface: null, actor: null, approver: null, decision: null },
    }));
    // The refused refund never happened, so to speak: its verdict goes to where no state of before reaches.
    const refused = staged.findIndex(
      ({ action, seq }) =>
        seq === 0 &&
        staged.filter((one) => one.action === action).length === 1 &&
        action.startsWith('act_') &&
        rows.at(-1)?.action !== action,
    );
    const [moved] = staged.splice(refused, 1);
    oneMore = () => moved as (typeof staged)[number];
    staged.push(moved as (typeof staged)[number]);
    for (const table of ['log_entry', 'log_tile', 'log_head']) await client.query(`delete from ${table}`);
    await client.end();
    const { store, keys: signing } = it_.stack.parts;
    await createSequencer({ store, keys: signing }).append('default', staged);

    const ran = await audit();
    expect(ran.out).toContain('Nothing is wrong');
    expect(ran.code).toBe(0);
  });

  it('is caught by the state of an audit, which stays, with the other checkpoint beside it', async () => {
    const before = readFileSync(at('state.json'), 'utf8');
    const ran = await audit('--state', at('state.json'));
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('(history-rewritten)');
    expect(readFileSync(at('state.json'), 'utf8')).toBe(before);
    expect(parseNote(readFileSync(at('state.json.conflict'), 'utf8')).text).toContain(ORIGIN);
  });

  it('is caught by the file of anchors', async () => {
    const ran = await audit('--anchors', at('anchors.jsonl'));
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(/WRONG: .*anchors\.jsonl`, line \d+.* \(history-rewritten\)/);
  });

  it('is caught by what the endpoint got', async () => {
    writeFileSync(at('got.jsonl'), receiver.all.map(({ text }) => text).join('\n'));
    const ran = await audit('--anchors', at('got.jsonl'), '--json');
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('history-rewritten');
  });

  it('is caught by a clone of the Git repository', async () => {
    git('clone', '--quiet', '--branch', 'countersign-anchors', 'anchors.git', 'clone');
    const ran = await audit('--anchors', at('clone'));
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('(history-rewritten)');
  });

  it('is caught by the witness’s cosignature, and gets no other of the witness', async () => {
    const ran = await audit('--witness-key', witness.vkey);
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('in the checkpoint that witnesses cosigned: its history was rewritten');
    const { store, logReader, log, keys: signing } = it_.stack.parts;
    await createSequencer({ store, keys: signing }).append('default', [{ ...oneMore(), action: 'act_more', seq: 0 }]);
    const deps = { store, logReader, log, now: () => new Date() };
    await expect(cosignCheckpoint(deps, 'default', witness)).rejects.toThrow('does not continue what it cosigned');
  });

  it('is caught by the state of an audit when the log was cut off', async () => {
    const client = new pg.Client({ connectionString: postgres.connectionString });
    await client.connect();
    const { rows } = await client.query<
      Omit<StagedRecord, 'recordHash' | 'facets' | 'at'> & { at: Date; hash: string }
    >(
      `select action, seq, type, at, envelope, 'sha256:' || encode(record_hash, 'hex') as hash from log_entry order by index limit 4`,
    );
    for (const table of ['log_entry', 'log_tile', 'log_head']) await client.query(`delete from ${table}`);
    await client.end();
    const { store, keys: signing } = it_.stack.parts;
    const facets = { surface: null, actor: null, approver: null, decision: null };
    await createSequencer({ store, keys: signing }).append(
      'default',
      rows.map(({ hash, at: time, ...row }) => ({ ...row, at: time.toISOString(), recordHash: hash, facets })),
    );
    const ran = await audit('--state', at('state.json'));
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('(log-shrank)');
    const { store: kept, logReader, log } = it_.stack.parts;
    const deps = { store: kept, logReader, log, now: () => new Date() };
    await expect(cosignCheckpoint(deps, 'default', witness)).rejects.toThrow('the log has 4');
  });
});
