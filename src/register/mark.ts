/**
 * How far a log was read, and what was in force at that point. The data folder holds it beside the keys, so write access to the database is not
 * enough to change it. A start reads only the entries after the mark, and notices a log that was cut back.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import type { Frontier } from '../ledger/index.ts';
import { NOTHING_IN_FORCE, type InForce } from './in-force.ts';
import { savedSharesSchema, type SavedShares } from './limit-shares.ts';
import { redeemedBefore, savedRecordsSchema, type SavedRecords } from './newest-records.ts';

/** The part of a log, from its beginning, that was read and checked. */
export interface RegisterMark {
  /** The frontier of the Merkle tree over the entries read. */
  frontier: Frontier;
  inForce: InForce;
  newestRecords: SavedRecords;
  limitShares: SavedShares;
}

export const NOTHING_READ: RegisterMark = {
  frontier: { size: 0, nodes: [] },
  inForce: NOTHING_IN_FORCE,
  newestRecords: { decided: [], begun: [] },
  limitShares: [],
};

export interface MarkFiles {
  /** The last mark written, or null. @throws CountersignError `configuration` for a damaged file */
  read(tenant: string): RegisterMark | null;
  /** A later mark replaces an earlier one, never the other way round. */
  write(tenant: string, mark: RegisterMark): void;
  /** The largest size that a log is known to have had; 0 where nothing is known. */
  height(tenant: string): number;
  /** Stores that it has `size` entries, within a second, so that a fast log costs little. @param failed called when that fails */
  reached(tenant: string, size: number, failed: (error: unknown) => void): void;
  /** Immediately writes the mark that waits for its second. */
  flush(): void;
}

/** How long a new height waits for a later one, in milliseconds. */
const REACHED_MS = 1000;

const entries = <V>(): z.ZodType<[string, V][]> => z.array(z.tuple([z.string(), z.custom<V>()]));

const markSchema = z.strictObject({
  v: z.literal(1),
  frontier: z.strictObject({ size: z.int().nonnegative(), nodes: z.array(z.string()) }),
  freezes: entries<NonNullable<ReturnType<InForce['freezes']['get']>>>(),
  lifted: z.array(z.string()),
  delegations: entries<NonNullable<ReturnType<InForce['delegations']['get']>>>(),
  grants: entries<NonNullable<ReturnType<InForce['grants']['get']>>>().default([]),
  drills: entries<NonNullable<ReturnType<InForce['drills']['get']>>>().default([]),
  credentials: entries<NonNullable<ReturnType<InForce['credentials']['get']>>>(),
  passkeys: entries<NonNullable<ReturnType<InForce['passkeys']['get']>>>(),
  refusals: z.array(z.custom<InForce['refusals'][number]>()).default([]),
  activations: z.array(z.custom<InForce['activations'][number]>()),
  tenants: entries<NonNullable<ReturnType<InForce['tenants']['get']>>>().default([]),
  users: entries<NonNullable<ReturnType<InForce['users']['get']>>>().default([]),
  groups: entries<NonNullable<ReturnType<InForce['groups']['get']>>>().default([]),
  gone: z.array(z.string()).default([]),
  stopped: entries<string>().default([]),
  doubted: entries<string>().default([]),
  adopted: z.boolean(),
  /** Written before version 0.2: ids of actions that were redeemed or ended. */
  spent: z.array(z.string()).default([]),
  newestRecords: savedRecordsSchema.optional(),
  limitShares: savedSharesSchema.default([]),
});

function toText({ frontier, inForce, newestRecords, limitShares }: RegisterMark): string {
  const { freezes, lifted, delegations, credentials, passkeys, activations, tenants, adopted } = inForce;
  const { refusals, grants, drills, users, groups, gone, stopped, doubted } = inForce;
  const maps = { freezes: [...freezes], delegations: [...delegations], credentials: [...credentials] };
  const { size, nodes } = frontier;
  return JSON.stringify({
    v: 1,
    frontier: { size, nodes },
    ...maps,
    lifted: [...lifted],
    passkeys: [...passkeys],
    refusals,
    grants: [...grants],
    drills: [...drills],
    activations,
    tenants: [...tenants],
    users: [...users],
    groups: [...groups],
    gone,
    adopted,
    stopped: [...stopped],
    doubted: [...doubted],
    newestRecords,
    limitShares,
  });
}

function toMark(text: string): RegisterMark {
  const read = markSchema.parse(JSON.parse(text));
  return {
    frontier: read.frontier,
    inForce: {
      freezes: new Map(read.freezes),
      lifted: new Set(read.lifted),
      delegations: new Map(read.delegations),
      grants: new Map(read.grants),
      drills: new Map(read.drills),
      credentials: new Map(read.credentials),
      passkeys: new Map(read.passkeys),
      refusals: read.refusals,
      activations: read.activations,
      tenants: new Map(read.tenants),
      users: new Map(read.users),
      groups: new Map(read.groups),
      gone: read.gone,
      stopped: new Map(read.stopped),
      doubted: new Map(read.doubted),
      adopted: read.adopted,
    },
    newestRecords: read.newestRecords ?? redeemedBefore(read.spent),
    limitShares: read.limitShares,
  };
}

const damaged = (path: string, cause?: unknown): CountersignError =>
  new CountersignError(
    'configuration',
    `\`${path}\` is damaged, so it cannot say how long its log was; restore it from a backup, or check the log with \`countersign audit\` and then delete the file`,
    { cause },
  );

/** The frontier's size is at the beginning of the file: a mark may be large, and is compared each time. */
const BEGINNING = /^\{"v":1,"frontier":\{"size":(\d+),/;
const BEGINNING_BYTES = 64;

/** How far the mark of this file reaches; -1 where there is none. @throws CountersignError `configuration` for a damaged file */
function sizeOf(path: string): number {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return -1;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(BEGINNING_BYTES);
    const size = BEGINNING.exec(bytes.toString('latin1', 0, readSync(file, bytes, 0, BEGINNING_BYTES, 0)))?.[1];
    if (size === undefined) throw damaged(path);
    return Number(size);
  } finally {
    closeSync(file);
  }
}

/** Marks as files `<dataDir>/register/<tenant>.json`, heights as `<tenant>.height`, mode 0600. Several processes may share them. */
export function markFiles(dataDir: string): MarkFiles {
  const folder = join(dataDir, 'register');
  const pathOf = (tenant: string): string => join(folder, `${tenant}.json`);
  const read = (tenant: string): RegisterMark | null => {
    try {
      return toMark(readFileSync(pathOf(tenant), 'utf8'));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw damaged(pathOf(tenant), cause);
    }
  };
  const heightOf = (tenant: string): string => join(folder, `${tenant}.height`);
  const height = (tenant: string): number => {
    try {
      const size = Number(readFileSync(heightOf(tenant), 'utf8'));
      return Number.isSafeInteger(size) ? size : 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
  };
  const replace = (path: string, text: string): void => {
    const draft = `${path}.${randomBytes(8).toString('hex')}`;
    try {
      writeFileSync(draft, text, { mode: 0o600, flush: true });
      renameSync(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
  };
  const grown = new Map<string, { size: number; failed: (error: unknown) => void }>();
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    for (const [tenant, { size, failed }] of grown) {
      try {
        // The folder exists, or this process is ending.
        mkdirSync(folder, { recursive: false, mode: 0o700 });
      } catch {
        // It exists already. Any other fault shows at the write.
      }
      try {
        if (height(tenant) < size) replace(heightOf(tenant), String(size));
      } catch (error) {
        failed(error);
      }
    }
    grown.clear();
  };
  return {
    read,
    height,
    flush,
    reached(tenant, size, failed) {
      grown.set(tenant, { size, failed });
      timer ??= setTimeout(flush, REACHED_MS).unref();
    },
    write(tenant, mark) {
      if (sizeOf(pathOf(tenant)) >= mark.frontier.size) return;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      replace(pathOf(tenant), toText(mark));
    },
  };
}
