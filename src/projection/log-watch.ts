/** Reads logs from the first entry to the last, a little at each query, so that readers of a page know whether its log verifies. */
import { logFiles } from '../archive/make/log-files.ts';
import { fromBase64Url } from '../canonical/index.ts';
import type { Finding } from '../evidence/index.ts';
import { TreeAudit } from '../evidence/tree.ts';
import {
  emptyRoot,
  formatVkey,
  isEvidenceError,
  NOTE_ALGORITHMS,
  noteKey,
  parseCheckpoint,
  parseNote,
  TILE_WIDTH,
} from '../ledger/index.ts';
import type { Keys } from '../keys/index.ts';
import { nobleVerify, openTrusted } from '../sealing/index.ts';
import type { LogReader } from '../sequencer/index.ts';

/** What is wrong with a log. */
export type LogFault = Pick<Finding, 'code' | 'message' | 'index'>;

/** The state of a log, as far as this process has read it. */
export interface LogState {
  /** The last reading from the first entry to the last: how many there were, and when it ended. Null before the first has ended. */
  checked: { size: number; at: string } | null;
  /** How many entries the current reading has read, and of how many. */
  reading: { at: number; size: number } | null;
  /** Empty where nothing was found. */
  faults: LogFault[];
}

export interface LogWatch {
  /** The state of the log, after reading on for a little. @throws CountersignError `unavailable` */
  look(tenant: string): Promise<LogState>;
  /** As {@link look}, and reads a short log to its end. */
  lookWhole(tenant: string): Promise<LogState>;
}

export interface LogWatchDeps {
  logReader: Pick<LogReader, 'exists' | 'checkpoint' | 'tile' | 'entries'>;
  keys: Pick<Keys, 'periods'>;
  now(): Date;
}

/** How long one call reads on, in milliseconds: a page waits for it, and so do other logs. */
const BUDGET_MS = 150;
const WHOLE_BUDGET_MS = 3000;
/** A log that was read to its end is not read again for so long, in milliseconds. */
const REST_MS = 3000;
/** Faults that are reported. */
const FAULTS_MAX = 20;

interface Reading {
  tree: TreeAudit;
  next: number;
  size: number;
  faults: LogFault[];
}

interface Watched {
  state: LogState;
  reading: Reading | null;
  /** The longest log that its key signed. */
  longest: number;
  running: Promise<LogState> | null;
}

export function createLogWatch(deps: LogWatchDeps): LogWatch {
  const logs = new Map<string, Watched>();
  const look = (tenant: string, budget: number): Promise<LogState> => {
    let watched = logs.get(tenant);
    if (watched === undefined) {
      watched = { state: { checked: null, reading: null, faults: [] }, reading: null, longest: 0, running: null };
      logs.set(tenant, watched);
    }
    const mine = watched;
    mine.running ??= readOn(deps, tenant, mine, budget).finally(() => {
      mine.running = null;
    });
    return mine.running;
  };
  return {
    look: (tenant) => look(tenant, BUDGET_MS),
    async lookWhole(tenant) {
      // The running call may be a short one.
      await logs.get(tenant)?.running;
      return look(tenant, WHOLE_BUDGET_MS);
    },
  };
}

async function readOn(deps: LogWatchDeps, tenant: string, log: Watched, budget: number): Promise<LogState> {
  const begun = deps.now().getTime();
  const { checked } = log.state;
  if (log.reading === null && checked !== null && begun - Date.parse(checked.at) < REST_MS) return log.state;
  if (!(await deps.logReader.exists(tenant))) return log.state;
  log.reading ??= await begin(deps, tenant, log);
  const { reading } = log;
  while (reading.next < reading.tree.blocks) {
    const block = await reading.tree.block(reading.next);
    for (const { difference, file } of block.differences) {
      const index = 'index' in difference ? difference.index : null;
      const where = index === null ? `an entry of ${file}` : `entry ${index}`;
      note(reading, { code: `entry-${difference.kind}`, message: `${where} is not what was sealed there`, index });
    }
    reading.next += 1;
    if (deps.now().getTime() - begun >= budget) break;
  }
  const at = Math.min(reading.size, reading.next * TILE_WIDTH);
  // A fault of an earlier reading stands until a whole reading no longer finds it.
  const faults = [...reading.faults, ...log.state.faults];
  log.state = { ...log.state, reading: { at, size: reading.size }, faults: distinct(faults) };
  if (reading.next < reading.tree.blocks) return log.state;
  await reading.tree.finish();
  log.reading = null;
  log.state = {
    checked: { size: reading.size, at: deps.now().toISOString() },
    reading: null,
    faults: distinct(reading.faults),
  };
  return log.state;
}

function note({ faults }: Pick<Reading, 'faults'>, { code, message, index }: LogFault): void {
  if (faults.length < FAULTS_MAX) faults.push({ code, message, index });
}

const distinct = (faults: readonly LogFault[]): LogFault[] =>
  [...new Map(faults.map((fault) => [fault.message, fault])).values()].slice(0, FAULTS_MAX);

/** Opens the current checkpoint. Where it does not hold, the entries are read anyway. */
async function begin({ logReader, keys }: LogWatchDeps, tenant: string, log: Watched): Promise<Reading> {
  const text = await logReader.checkpoint(tenant);
  const logKeys = keys
    .periods(tenant, 'log')
    .filter(({ pending }) => !pending)
    .map(({ jwk: { x } }) => formatVkey(noteKey(`countersign/${tenant}`, NOTE_ALGORITHMS.ed25519, fromBase64Url(x))));
  const faults: LogFault[] = [];
  const { head, fault } = await openHead(text, logKeys);
  if (fault !== null) faults.push({ code: 'checkpoint-invalid', message: fault, index: null });
  else if (head.size < log.longest) {
    const message = `the log has ${head.size} entries, and had ${log.longest} when it was read before`;
    faults.push({ code: 'log-shrank', message, index: null });
  } else log.longest = head.size;
  const reading: Omit<Reading, 'tree'> = { next: 0, size: head.size, faults };
  const tree = new TreeAudit({ files: logFiles(logReader, tenant), ...head }, [], (finding) => note(reading, finding));
  return Object.assign(reading, { tree });
}

interface Head {
  size: number;
  root: Uint8Array;
}

async function openHead(text: string, logKeys: readonly string[]): Promise<{ head: Head; fault: string | null }> {
  try {
    return { head: await openTrusted(text, { recordKeys: [], logKeys }, nobleVerify), fault: null };
  } catch (error) {
    if (!isEvidenceError(error)) throw error;
    return { head: unsigned(text), fault: `the checkpoint does not hold: ${error.message}` };
  }
}

/** Reads an unsigned note. */
function unsigned(text: string): Head {
  try {
    return parseCheckpoint(parseNote(text).text);
  } catch (error) {
    if (!isEvidenceError(error)) throw error;
    return { size: 0, root: emptyRoot() };
  }
}
