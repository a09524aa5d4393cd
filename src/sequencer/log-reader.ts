/** A tenant's log as others read it: checkpoints, tiles, entries and proofs, all from committed rows. */
import { fromHex, fromUtf8, toBase64 } from '../canonical/index.ts';
import { CountersignError, type Envelope, type Receipt } from '../contract/index.ts';
import {
  consistencyProof,
  encodeEntries,
  inclusionProof,
  parseCheckpoint,
  parseNote,
  tileHashReader,
  withSignatures,
  HASH_BYTES,
  TILE_WIDTH,
  tileWidth,
  type ReadHash,
  type ReadTile,
} from '../ledger/index.ts';
import { makeReceipt } from '../sealing/index.ts';
import type { TenantKeys } from '../keys/index.ts';
import type { LogHead, Store } from '../store/index.ts';
import { HashCache } from './hash-cache.ts';

/** Reading needs only a log's public key, and costs O(log size) hashes for a proof. */
export interface LogReader {
  /** False for a tenant that has sealed nothing. */
  exists(tenant: string): Promise<boolean>;
  /** The newest signed note, with its cosignatures. @throws CountersignError `not-found` */
  checkpoint(tenant: string): Promise<string>;
  /** The newest signed note that a witness cosigned, or null when none did. */
  witnessed(tenant: string): Promise<string | null>;
  /** The first `width` (1 to 256) hashes of a tile (C2SP tlog-tiles), or null when the log is shorter. */
  tile(tenant: string, level: number, index: number, width: number): Promise<Uint8Array | null>;
  /** The first `width` entries of a bundle, or null when the log does not reach that far. */
  entries(tenant: string, index: number, width: number): Promise<Uint8Array | null>;
  /** The record with its proof against the newest checkpoint that witnesses cosigned, else the newest. @throws CountersignError `not-found` */
  receipt(tenant: string, recordHash: string): Promise<Receipt>;
  /**
   * Proof that the log of `from` entries is the beginning of the one of `to`, base64, as RFC 6962 section 2.1.2 orders it.
   *
   * @throws CountersignError `invalid-request` unless 0 ≤ from ≤ to ≤ size.
   */
  consistency(tenant: string, from: number, to: number): Promise<string[]>;
  /** The log's note key. */
  vkey(tenant: string): Promise<string>;
}

export interface LogReaderOptions {
  store: Pick<Store, 'log'> & Partial<Pick<Store, 'witnessed'>>;
  keys: { forTenant(tenant: string): Pick<TenantKeys, 'log'> };
}

export function createLogReader({ store: { log, witnessed }, keys }: LogReaderOptions): LogReader {
  const cache = new HashCache();
  const headOf = async (tenant: string): Promise<LogHead> => {
    const head = await log.head(tenant);
    if (head === null) throw new CountersignError('not-found', 'this log has no entries yet; nothing was ever sealed');
    return head;
  };
  /** Bytes of a tile. The caller has read a head that covers it, so it must exist. */
  const readTile = async (tenant: string, level: number, index: number, width: number): Promise<Uint8Array> => {
    const from = index * TILE_WIDTH;
    if (level === 0 && width < TILE_WIDTH) return log.leafHashes(tenant, from, from + width);
    return (await log.tile(tenant, level, index))?.subarray(0, width * HASH_BYTES) ?? new Uint8Array(0);
  };
  const hashReader = (tenant: string, size: number): ReadHash => {
    const read: ReadTile = ({ level, index, width }) => readTile(tenant, level, index, width);
    return cache.over(tenant, tileHashReader(read, size));
  };
  const reaches = async (tenant: string, level: number, index: number, width: number): Promise<boolean> => {
    const head = await log.head(tenant);
    return head !== null && width >= 1 && width <= tileWidth(level, index, head.size);
  };
  return {
    async exists(tenant) {
      return (await log.head(tenant)) !== null;
    },
    async checkpoint(tenant) {
      const { size, checkpoint } = await headOf(tenant);
      const lines = await witnessed?.lines(tenant, size);
      return lines === undefined || lines.length === 0 ? checkpoint : withSignatures(checkpoint, lines);
    },
    async witnessed(tenant) {
      const newest = (await witnessed?.newest(tenant)) ?? null;
      return newest === null ? null : withSignatures(newest.checkpoint, newest.lines);
    },
    async tile(tenant, level, index, width) {
      return (await reaches(tenant, level, index, width)) ? readTile(tenant, level, index, width) : null;
    },
    async entries(tenant, index, width) {
      if (!(await reaches(tenant, 0, index, width))) return null;
      const from = index * TILE_WIDTH;
      return encodeEntries(await log.envelopes(tenant, from, from + width));
    },
    async receipt(tenant, recordHash) {
      const hex = /^sha256:([0-9a-f]{64})$/.exec(recordHash)?.[1];
      const entry = hex === undefined ? null : await log.find(tenant, fromHex(hex));
      if (entry === null) throw new CountersignError('not-found', 'this log holds no record of that hash');
      // This is read after the entry was found, so the checkpoint covers the entry.
      const [head, cosigned] = await Promise.all([headOf(tenant), witnessed?.newest(tenant) ?? null]);
      const { size, checkpoint } =
        cosigned !== null && cosigned.size > entry.index && cosigned.size <= head.size
          ? { size: cosigned.size, checkpoint: withSignatures(cosigned.checkpoint, cosigned.lines) }
          : head;
      const inclusion = await inclusionProof(entry.index, size, hashReader(tenant, size));
      const { origin } = parseCheckpoint(parseNote(checkpoint).text);
      const envelope = JSON.parse(fromUtf8(entry.envelope)) as Envelope;
      return makeReceipt(envelope, { origin, index: entry.index, checkpoint, proof: inclusion });
    },
    async consistency(tenant, from, to) {
      const { size } = await headOf(tenant);
      if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from <= to && to <= size)) {
        throw new CountersignError('invalid-request', `a consistency proof is between two sizes from 0 to ${size}`);
      }
      return (await consistencyProof(from, to, hashReader(tenant, to))).map(toBase64);
    },
    vkey: (tenant) => Promise.resolve(keys.forTenant(tenant).log.vkey),
  };
}
