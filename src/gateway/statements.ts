/** Compares statements of other systems with governed actions, and names every effect without a release. The result is sealed. */
import { createHash, randomUUID } from 'node:crypto';
import {
  columnsOf,
  CsvReader,
  readStatementRow,
  STATEMENT_ISSUES,
  StatementComparison,
  type CsvRow,
  type StatementColumns,
  type StatementIssue,
  type StatementMapping,
  type StatementRow,
} from '../audit/index.ts';
import { canonicalize, toBase64 } from '../canonical/index.ts';
import { CountersignError, readBound, type OtherRecord } from '../contract/index.ts';
import { sealedStatementSchema, type ComparedStatement, type StatementList } from '../contract/views/index.ts';
import { sealInChain } from '../engine/chain.ts';
import { placesOf } from '../export/index.ts';
import type { Caller } from '../identity/index.ts';
import { emptyRoot } from '../ledger/index.ts';
import type { ActionFact } from '../store/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { StatementInput } from './statement-types.ts';

export type StatementDeps = Pick<GatewayDeps, 'readModel' | 'now' | 'keys' | 'sequencer' | 'signers'> & {
  store: Pick<GatewayDeps['store'], 'facts' | 'effects' | 'records' | 'log'>;
};

/** Rows that are looked up in one query. */
const BATCH = 1000;
/** Issues that an answer lists; all of them are in the digest. */
const LISTED = 10_000;
/** Bytes of the issues that the record names: an entry of the log is at most 64 KiB. */
const SEALED_BYTES = 32 * 1024;
/** Newest statements that are listed, and among which the last mapping of a source is found. */
const STATEMENTS = 200;
const DAY_MS = 86_400_000;

/** @throws CountersignError `forbidden`, `invalid-request` for a file, a mapping or a time that makes no sense */
export async function reconcileStatement(
  deps: StatementDeps,
  caller: Caller,
  input: StatementInput,
  pieces: AsyncIterable<Uint8Array>,
): Promise<ComparedStatement> {
  refuseOthers(caller);
  const { tenant } = caller;
  const { source, surface } = input;
  const mapping = input.mapping ?? (await mappingOf(deps, caller, source));
  const bounds = { from: timeOf('from', input.from), to: timeOf('to', input.to) };
  await deps.readModel.catchUp(tenant);
  const head = await deps.store.log.head(tenant);
  const { size: included } = await deps.store.facts.projected(tenant);
  const reconciliation = new Reconciliation(deps, tenant, mapping, surface);
  const file = await reconciliation.read(pieces);
  const time = bounds.from === null && bounds.to === null ? reconciliation.period() : bounds;
  await reconciliation.findLacking(time);
  const said = {
    source,
    file: { name: input.file ?? null, ...file },
    mapping,
    surface: surface ?? null,
    ...time,
    ...reconciliation.result(),
    log: { size: head?.size ?? 0, root: toBase64(head?.root ?? emptyRoot()), included },
  };
  const at = deps.now().toISOString();
  const body = JSON.parse(canonicalize({ ...said, issues: fitting(said.issues) })) as OtherRecord['body'];
  const { hash } = await sealInChain(deps, {
    tenant,
    type: 'statement',
    chain: `statement:${randomUUID()}`,
    after: null,
    at,
    by: caller.id,
    reason: null,
    body,
    attestedBy: deps.keys.attestation,
  });
  return { ...said, by: caller.id, at, record: hash };
}

/** Newest first. @throws CountersignError `forbidden` */
export async function listStatements(deps: StatementDeps, caller: Caller): Promise<StatementList> {
  refuseOthers(caller);
  return { statements: await sealedStatements(deps, caller) };
}

async function sealedStatements(deps: StatementDeps, { tenant }: Caller): Promise<StatementList['statements']> {
  const { records } = await deps.store.records.list(tenant, { type: 'statement' }, undefined, STATEMENTS);
  return records.flatMap(({ record, hash }) => {
    if (record.type !== 'statement') return [];
    const { data } = sealedStatementSchema.safeParse(record.body);
    if (data === undefined) return [];
    const { issues: _issues, ...said } = data;
    return [{ ...said, by: record.by ?? '', at: record.at, record: hash }];
  });
}

/** As the source was last read. @throws CountersignError `invalid-request` where it never was */
async function mappingOf(deps: StatementDeps, caller: Caller, source: string): Promise<StatementMapping> {
  const before = (await sealedStatements(deps, caller)).find((one) => one.source === source);
  if (before !== undefined) return before.mapping;
  throw new CountersignError(
    'invalid-request',
    `nothing was imported from \`${source}\` before; say which of its columns are which in \`mapping\`: \`by\` and \`key\` at least`,
  );
}

function refuseOthers(caller: Caller): void {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner compares statements');
}

const timeOf = (name: 'from' | 'to', text: string | undefined): string | null =>
  text === undefined ? null : readBound(name, text, name).toISOString();

/** The first issues, as many as an entry of the log can hold. */
function fitting(issues: readonly StatementIssue[]): StatementIssue[] {
  let bytes = 0;
  const end = issues.findIndex((issue) => (bytes += Buffer.byteLength(JSON.stringify(issue))) > SEALED_BYTES);
  return end === -1 ? [...issues] : issues.slice(0, end);
}

type Counts = ComparedStatement['counts'];

class Reconciliation {
  readonly #deps: StatementDeps;
  readonly #tenant: string;
  readonly #mapping: StatementMapping;
  readonly #surface: string | undefined;
  readonly #comparison = new StatementComparison();
  readonly #issues: StatementIssue[] = [];
  readonly #digest = createHash('sha256');
  readonly #counts = Object.fromEntries(STATEMENT_ISSUES.map((kind) => [kind, 0])) as Pick<
    Counts,
    StatementIssue['kind']
  >;
  #columns: StatementColumns | null = null;
  #waiting: StatementRow[] = [];
  #rows = 0;
  /** Milliseconds since the epoch, of the rows that say when. */
  #first = Infinity;
  #last = -Infinity;

  constructor(deps: StatementDeps, tenant: string, mapping: StatementMapping, surface: string | undefined) {
    this.#deps = deps;
    this.#tenant = tenant;
    this.#mapping = mapping;
    this.#surface = surface;
  }

  /** Reads the file once, a batch of rows at a time. */
  async read(pieces: AsyncIterable<Uint8Array>): Promise<{ bytes: number; digest: string }> {
    const hash = createHash('sha256');
    const decode = decoder();
    const reader = new CsvReader(this.#mapping.separator);
    let bytes = 0;
    try {
      for await (const piece of pieces) {
        hash.update(piece);
        bytes += piece.length;
        await this.#take(reader.push(decode(piece)));
      }
      await this.#take([...reader.push(decode()), ...reader.end()]);
    } catch (error) {
      if (error instanceof RangeError) throw invalid('the file is no table: a row of it has no end');
      throw error;
    }
    if (this.#columns === null) throw invalid('the file is empty; send a table with a row of headings');
    await this.#look();
    return { bytes, digest: `sha256:${hash.digest('hex')}` };
  }

  async #take(rows: readonly CsvRow[]): Promise<void> {
    for (const row of rows) {
      if (this.#columns === null) {
        const columns = columnsOf(this.#mapping, row.cells);
        if ('missing' in columns) {
          const names = row.cells.slice(0, 50).map((name) => `\`${name.trim()}\``);
          throw invalid(`the file has no column ${columns.missing.join(', ')}; it has ${names.join(', ')}`);
        }
        this.#columns = columns;
        continue;
      }
      this.#rows += 1;
      const read = readStatementRow(row, this.#columns, this.#mapping, placesOf);
      if ('kind' in read) this.#name(read);
      else this.#waiting.push(read);
      if (this.#waiting.length >= BATCH) await this.#look();
    }
  }

  /** Looks the waiting rows up, and compares them in their order. */
  async #look(): Promise<void> {
    const rows = this.#waiting.splice(0);
    if (rows.length === 0) return;
    const keys = [...new Set(rows.map(({ key }) => key))];
    const matching = await this.#deps.store.effects.byKeys(this.#tenant, this.#mapping.by, keys, this.#surface);
    const governed = new Map<string, ActionFact[]>(keys.map((key) => [key, []]));
    for (const { key, fact } of matching) governed.get(key)?.push(fact);
    for (const row of rows) {
      this.#comparison.compare(row, governed.get(row.key) ?? []).forEach((issue) => this.#name(issue));
      const at = row.at === null ? NaN : Date.parse(row.at);
      if (Number.isNaN(at)) continue;
      this.#first = Math.min(this.#first, at);
      this.#last = Math.max(this.#last, at);
    }
  }

  #name(issue: StatementIssue): void {
    this.#counts[issue.kind] += 1;
    this.#digest.update(`${canonicalize(issue)}\n`);
    if (this.#issues.length < LISTED) this.#issues.push(issue);
  }

  /** The whole days in UTC that its rows cover; null where rows have no time. */
  period(): { from: string | null; to: string | null } {
    if (this.#first > this.#last) return { from: null, to: null };
    const day = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;
    return {
      from: new Date(day(this.#first)).toISOString(),
      to: new Date(day(this.#last) + DAY_MS).toISOString(),
    };
  }

  /** Names actions that were executed in the period and are not on the statement. Without a period there is nothing to compare with. */
  async findLacking({ from, to }: { from: string | null; to: string | null }): Promise<void> {
    if (from === null && to === null) return;
    const time = { from: from ?? BEGINNING, to: to ?? END, surface: this.#surface };
    for (let after = -1; ;) {
      const facts = await this.#deps.store.effects.executed(this.#tenant, time, after, BATCH);
      for (const fact of facts) {
        if (this.#comparison.has(fact)) continue;
        const { action, reference, resource, endedAt } = fact;
        const key = { reference, action, resource }[this.#mapping.by] ?? action;
        const sentence = `${key} was executed at ${endedAt ?? ''}, and is not on the statement`;
        this.#name({ kind: 'lacking', line: null, key, action, sentence });
      }
      const last = facts.at(-1);
      if (facts.length < BATCH || last === undefined) return;
      after = last.firstIndex;
    }
  }

  result(): Pick<ComparedStatement, 'counts' | 'issues' | 'digest'> {
    const { agreed, uncompared } = this.#comparison;
    return {
      counts: { rows: this.#rows, agreed, uncompared, ...this.#counts },
      issues: this.#issues,
      digest: `sha256:${this.#digest.digest('hex')}`,
    };
  }
}

/** Decodes UTF-8 piece by piece; the last call has no piece. */
function decoder(): (piece?: Uint8Array) => string {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  return (piece) => {
    try {
      return piece === undefined ? utf8.decode() : utf8.decode(piece, { stream: true });
    } catch {
      throw invalid('the file is not UTF-8; save it as UTF-8 and send it again');
    }
  };
}

const BEGINNING = '0001-01-01T00:00:00.000Z';
const END = '9999-12-31T00:00:00.000Z';

const invalid = (detail: string): CountersignError => new CountersignError('invalid-request', detail);
