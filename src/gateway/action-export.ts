/** `GET /v1/actions/export`: exactly the actions that a filter shows, for an auditor to rely on. Sealed before the first byte goes out. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { canonicalize, toBase64 } from '../canonical/index.ts';
import { CountersignError, type OtherRecord } from '../contract/index.ts';
import { MoneyTotals, UNDISCLOSED, type Money, DEFAULT_FIELDS } from '../export/index.ts';
import {
  actionColumns,
  actionCsvHeader,
  actionCsvRow,
  clockIn,
  EXCEL,
  RFC_4180,
  type AboutExport,
  type ActionFormat,
  type ExportedAction,
} from '../export/actions/index.ts';
import { Spool } from '../archive/spool.ts';
import { workbook } from '../archive/make/workbook.ts';
import { actionSheets, type ExportedFinding } from '../archive/make/action-sheets.ts';
import { newExportChain, sealInChain } from '../engine/chain.ts';
import type { Caller } from '../identity/index.ts';
import { emptyRoot, parseCheckpoint, parseNote } from '../ledger/index.ts';
import { isZone } from '../policy/hours.ts';
import type { FactFilter } from '../store/index.ts';
import { mayAudit } from './access.ts';
import { checkedFilter, actionSummaryOf } from './action-list.ts';
import type { ActionExportQuery } from './action-list-types.ts';
import type { GatewayDeps } from './deps.ts';
import { markedName, type Exported } from './exported.ts';
import { logWarning } from './log-state.ts';

export type ActionExportDeps = Pick<
  GatewayDeps,
  'readModel' | 'logWatch' | 'now' | 'version' | 'sequencer' | 'signers'
> & { store: Pick<GatewayDeps['store'], 'facts' | 'findings'> };

const KINDS: Record<ActionFormat, { type: string; extension: string }> = {
  csv: { type: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  'csv-excel': { type: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  jsonl: { type: 'application/jsonl; charset=utf-8', extension: 'jsonl' },
  xlsx: { type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', extension: 'xlsx' },
};

/** Rows of one page of the read model. */
const PAGE = 1000;
/** Findings that a workbook lists. */
const FINDINGS = 1000;
const EVER = { from: '0001-01-01T00:00:00.000Z', to: '9999-12-31T00:00:00.000Z' };

/**
 * Exports what an auditor or an owner sees: the rows at one moment, which one size of the log names.
 *
 * @throws CountersignError `forbidden`; `invalid-request` for a filter or zone that makes no sense; `unavailable` when it could not be sealed
 */
export async function exportActions(
  deps: ActionExportDeps,
  caller: Caller,
  { format, zone = 'UTC', sort = '-askedAt', ...asked }: ActionExportQuery,
): Promise<Exported> {
  if (!mayAudit(caller)) {
    throw new CountersignError(
      'forbidden',
      'only an auditor or an owner exports actions; GET /v1/actions lists your own',
    );
  }
  if (!isZone(zone)) {
    throw new CountersignError('invalid-request', '`zone` is an IANA time zone such as Europe/Berlin', {
      errors: [{ pointer: '/zone', detail: 'an IANA time zone such as Europe/Berlin' }],
    });
  }
  const { tenant } = caller;
  const { filter } = checkedFilter(asked);
  await deps.readModel.catchUp(tenant);
  const warning = await logWarning(deps, tenant);
  const rows = await Rows.read(deps, tenant, { filter, sort, warning });
  try {
    const at = deps.now().toISOString();
    const about: AboutExport = {
      version: deps.version,
      tenant,
      by: caller.id,
      at,
      format,
      zone,
      sort,
      filter: givenOf(filter),
      log: rows.log,
      rows: rows.count,
      digest: rows.digest,
      totals: rows.totals.list(),
      warning,
    };
    const record = await seal(deps, caller, about);
    const { type, extension } = KINDS[format];
    const stamp = at.replaceAll(/[-:]|\.\d+/g, '');
    return {
      record,
      records: rows.count,
      contentType: type,
      fileName: `countersign-${tenant.replaceAll(/[^A-Za-z0-9_-]/g, '_')}-${markedName('actions', warning)}-${stamp}.${extension}`,
      warning,
      stream: Readable.from(closing(rows, render(rows, about)), { objectMode: false }),
    };
  } catch (error) {
    await rows.close();
    throw error;
  }
}

const givenOf = (filter: FactFilter): Record<string, string> =>
  Object.fromEntries(Object.entries(filter).filter((one): one is [string, string] => one[1] !== undefined));

/** All that is said about the export, so that it can be relied on without the file. */
async function seal(deps: ActionExportDeps, { tenant, id }: Caller, about: AboutExport): Promise<string> {
  const { format, zone, sort, filter, rows, digest, log, version, totals, warning } = about;
  const warned = warning === null ? {} : { warning };
  const said = { what: 'actions', format, zone, sort, filter, rows, digest, log, version, totals, ...warned };
  const body = JSON.parse(canonicalize(said)) as OtherRecord['body'];
  const chain = newExportChain();
  const facets = { decision: 'export' } as const;
  const draft = {
    tenant,
    type: 'export',
    chain,
    after: null,
    at: about.at,
    by: id,
    reason: null,
    body,
    facets,
  } as const;
  return (await sealInChain(deps, draft)).hash;
}

interface RowQuery {
  filter: FactFilter;
  sort: NonNullable<ActionExportQuery['sort']>;
  /** What is wrong with the log: each row says so. */
  warning: string | null;
}

/** What the store reads at one moment. */
class Rows {
  readonly #lines: Spool;
  readonly totals = new MoneyTotals();
  count = 0;
  digest = '';
  log: AboutExport['log'] = { origin: '', size: 0, root: '', included: 0 };
  findings: ExportedFinding[] = [];

  private constructor(lines: Spool) {
    this.#lines = lines;
  }

  /** Reads every row into an unlinked temporary file, so that memory holds one page at most. */
  static async read(deps: Pick<ActionExportDeps, 'store'>, tenant: string, query: RowQuery): Promise<Rows> {
    const rows = new Rows(await Spool.open());
    try {
      await rows.#fill(deps, tenant, query);
      return rows;
    } catch (error) {
      await rows.close();
      throw error;
    }
  }

  async #fill(
    { store }: Pick<ActionExportDeps, 'store'>,
    tenant: string,
    { filter, sort, warning }: RowQuery,
  ): Promise<void> {
    const { surface, from = EVER.from, to = EVER.to } = filter;
    const candidates = await store.findings.list(tenant, { from, to, surface }, FINDINGS);
    const named = new Set(candidates.flatMap(({ actions }) => actions));
    const seen = new Set<string>();
    const hash = createHash('sha256');
    const mark = warning === null ? {} : { logWarning: warning };
    const { size, head } = await store.facts.each(tenant, { filter, sort, page: PAGE }, async (facts) => {
      const lines = facts.map((fact) => `${JSON.stringify({ ...actionSummaryOf(fact), ...mark })}\n`).join('');
      hash.update(lines);
      await this.#lines.write(lines);
      for (const fact of facts) {
        this.count += 1;
        this.totals.add(moneyOf(actionSummaryOf(fact)));
        if (named.has(fact.action)) seen.add(fact.action);
      }
    });
    this.digest = `sha256:${hash.digest('hex')}`;
    this.log = {
      origin: head === null ? `countersign/${tenant}` : parseCheckpoint(parseNote(head.checkpoint).text).origin,
      size: head?.size ?? 0,
      root: toBase64(head?.root ?? emptyRoot()),
      included: size,
    };
    const about = candidates.filter(({ actions }) => actions.some((id) => seen.has(id)));
    const answers = await store.findings.answers(
      tenant,
      about.map(({ id }) => id),
    );
    this.findings = about.map((finding) => ({
      ...finding,
      answers: answers
        .filter((answer) => answer.finding === finding.id)
        .map(({ by, at, body, reason }) => `${by} at ${at}: ${String(body['conclusion'])}, ${reason}`),
    }));
  }

  /** The rows once more, in pieces of whole lines. */
  async *lines(): AsyncGenerator<string[]> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of this.#lines.chunks()) {
      const parts = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
      rest = parts.pop() ?? '';
      yield parts;
    }
  }

  async *rows(): AsyncGenerator<ExportedAction[]> {
    for await (const lines of this.lines()) yield lines.map((line) => JSON.parse(line) as ExportedAction);
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}

/** Closes the file with its reader, even when the reader stops early. */
async function* closing(rows: Rows, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } finally {
    await rows.close();
  }
}

async function* render(rows: Rows, about: AboutExport): AsyncGenerator<Uint8Array> {
  const clock = clockIn(about.zone);
  switch (about.format) {
    case 'jsonl':
      for await (const lines of rows.lines()) yield Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8');
      return;
    case 'csv':
    case 'csv-excel': {
      const dialect = about.format === 'csv' ? RFC_4180 : EXCEL;
      const columns = actionColumns(about.warning);
      yield Buffer.from(actionCsvHeader(columns, dialect, clock), 'utf8');
      for await (const page of rows.rows())
        yield Buffer.from(page.map((row) => actionCsvRow(columns, row, dialect, clock)).join(''), 'utf8');
      return;
    }
    case 'xlsx':
      yield* workbook(
        actionSheets(() => rows.rows(), rows.findings, about, clock),
        new Date(about.at),
      );
  }
}

/** An undisclosed amount is counted at each stage that its action reached. */
function moneyOf({ amounts, currency, undisclosed, releasedAt, status }: ExportedAction): Money | null {
  const disclosed = (amount: string | null): string | null => amount ?? (undisclosed ? UNDISCLOSED : null);
  const isReleased = releasedAt !== null;
  return {
    fields: DEFAULT_FIELDS,
    currency,
    asked: disclosed(amounts.asked),
    approved: isReleased ? disclosed(amounts.approved) : amounts.approved,
    released: isReleased ? disclosed(amounts.released) : amounts.released,
    executed: status === 'executed' ? disclosed(amounts.executed) : amounts.executed,
    now: null,
  };
}
