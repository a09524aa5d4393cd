/** The history of one deployment in another: verified before it is taken in, read under a name and keys of its own, and audited clean. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logRoutes, type PublicLog } from '../../src/api/routes/log.ts';
import { CountersignError } from '../../src/contract/index.ts';
import { withImported } from '../../src/main/imported-logs.ts';
import { fill, openLog, type TestLog } from '../evidence/world.ts';
import { bundleOf, keyOptions } from './archives.ts';
import { countersign, type Ran } from './harness.ts';

const base = mkdtempSync(join(tmpdir(), 'cli-import-'));
const taken = join(base, 'everything');
const data = join(base, 'data');
let world: TestLog;
let keys: string[];
let server: Server;
let url: string;

/** A deployment whose own log is empty: all that is served is imported. */
const nothing = (): Promise<never> => Promise.reject(new CountersignError('not-found', 'it has no log yet'));
const own: PublicLog = {
  exists: () => Promise.resolve(false),
  checkpoint: nothing,
  witnessed: nothing,
  tile: nothing,
  entries: nothing,
  checkReader: (tenant, authorization) =>
    tenant === 'default' && authorization === 'Bearer csk_auditor'
      ? Promise.resolve({ everybody: false })
      : Promise.reject(new CountersignError('forbidden', 'not for you')),
  receipt: nothing,
  vkey: nothing,
  recordKeys: nothing,
  permitKeys: () => Promise.resolve([]),
  keyHistory: nothing,
};

beforeAll(async () => {
  world = await openLog();
  await fill(world, 40);
  mkdirSync(taken);
  mkdirSync(data);
  writeFileSync(join(taken, 'evidence.tar.gz'), (await bundleOf(world)).archive);
  writeFileSync(join(taken, 'actions.jsonl'), '{"id":"act_1"}\n');
  writeFileSync(join(taken, 'directory.yaml'), 'people: []\n');
  keys = keyOptions(world);
  const app = express().use(logRoutes(withImported(own, data)));
  await new Promise<void>((resolve) => (server = app.listen(0, '127.0.0.1', () => resolve())));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server?.close();
  rmSync(base, { recursive: true, force: true });
});

const take = (name: string, more: { folder?: string; keys?: string[] } = {}): Promise<Ran> =>
  countersign(['import', more.folder ?? taken, '--name', name, '--data', data, ...(more.keys ?? keys)]);
const audit = (name: string, key = 'csk_auditor'): Promise<Ran> =>
  countersign(['audit', '--url', url, '--imported', name, ...keys], { env: { COUNTERSIGN_API_KEY: key } });

describe('what was taken away', () => {
  it('is taken in whole, and audited clean under its own keys', async () => {
    const ran = await take('acme-2026');
    expect(ran.code, ran.err).toBe(0);
    expect(ran.out).toContain('countersign/default:');
    const audited = await audit('acme-2026');
    expect(audited.code, audited.out + audited.err).toBe(0);
  });

  it('brings lists to read, and nothing that this deployment reads by itself', () => {
    const lists = join(data, 'imported', 'acme-2026.lists');
    expect(readFileSync(join(lists, 'actions.jsonl'), 'utf8')).toContain('act_1');
    expect(existsSync(join(lists, 'directory.yaml'))).toBe(false);
  });

  it('verifies where it lies', async () => {
    const verified = await countersign(['verify', join(data, 'imported', 'acme-2026'), ...keys]);
    expect(verified.code, verified.out).toBe(0);
  });

  it('shows its entries to nobody who may not read this deployment’s own', async () => {
    expect((await audit('acme-2026', 'csk_stranger')).code).not.toBe(0);
    expect((await fetch(`${url}/log/imported.acme-2026/checkpoint`)).status).toBe(200);
    expect((await fetch(`${url}/log/imported.acme-2026/vkey`)).status).toBe(200);
  });

  it('is never replaced', async () => {
    const ran = await take('acme-2026');
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('never replaced')]);
  });
});

describe('nothing is taken in', () => {
  it.each(['../up', 'A', '', 'a/b', '.', 'a.b'])('under the name `%s`', async (name) => {
    expect((await take(name)).code).toBe(2);
  });

  it('that was altered', async () => {
    const folder = join(base, 'altered');
    mkdirSync(folder);
    copyFileSync(join(taken, 'evidence.tar.gz'), join(folder, 'evidence.tar.gz'));
    const bytes = readFileSync(join(folder, 'evidence.tar.gz'));
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    writeFileSync(join(folder, 'evidence.tar.gz'), bytes);
    expect((await take('altered', { folder })).code).not.toBe(0);
    expect(existsSync(join(data, 'imported', 'altered'))).toBe(false);
  });

  it('that other keys signed', async () => {
    const other = keyOptions(await openLog());
    expect((await take('strange', { keys: other })).code).toBe(3);
    expect(existsSync(join(data, 'imported', 'strange'))).toBe(false);
  });

  it('that is only a part of a log', async () => {
    const folder = join(base, 'part');
    mkdirSync(folder);
    const [action = ''] = world.log.entries.slice(0, 1).map((entry) => {
      const { payload } = JSON.parse(new TextDecoder().decode(entry)) as { payload: string };
      return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { action: string }).action;
    });
    writeFileSync(join(folder, 'evidence.tar.gz'), (await bundleOf(world, { action })).archive);
    expect((await take('part', { folder })).code).toBe(3);
  });

  it('without its keys', async () => {
    expect((await take('blind', { keys: [] })).code).toBe(2);
  });

  it.each(['imported.none', 'imported.', 'imported...', 'imported.acme-2026%2f..'])(
    'and `%s` is no log',
    async (name) => {
      expect((await fetch(`${url}/log/${name}/checkpoint`)).status).not.toBe(200);
    },
  );
});
