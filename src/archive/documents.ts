/**
 * `records.csv` and `report.html`, made of records in the order of the log. The exporter writes them, and the verifier reproduces and compares them. For an unfinished action only the positions of its lines are kept, so memory does not grow with the records.
 */
import {
  countStory,
  csvHeader,
  csvRow,
  emptySummary,
  isStory,
  RENDERING,
  RENDERING_WITHOUT_MONEY,
  reportEnd,
  reportMiddle,
  reportRow,
  reportSection,
  reportStart,
  storyOf,
  type ExportRecord,
  type ReportHead,
} from '../export/index.ts';
import { MoneyLedger, type ReadBundle } from './money-ledger.ts';
import { Spool } from './spool.ts';

/** The position of a line in `records.jsonl`, in bytes, without its newline. */
export interface DocumentPlace {
  offset: number;
  length: number;
}

/** `records.jsonl`, as far as it was written. */
export type ReadLine = (place: DocumentPlace) => Promise<Uint8Array>;

/** A file whose size is known. */
export interface SizedFile {
  size: number;
  chunks(): AsyncIterable<Uint8Array>;
}

export interface DocumentOptions {
  /** The rendering of the version that wrote them; the current one by default. */
  rendering?: number | undefined;
  bundle: ReadBundle;
}

export class Documents {
  readonly #readLine: ReadLine;
  readonly #csv: Spool;
  readonly #rows: Spool;
  readonly #sections: Spool;
  readonly #open = new Map<string, DocumentPlace[]>();
  readonly #ledger: MoneyLedger;
  readonly #rendering: number;
  readonly #summary = emptySummary();

  private constructor(readLine: ReadLine, [csv, rows, sections]: [Spool, Spool, Spool], options: DocumentOptions) {
    this.#readLine = readLine;
    this.#rendering = options.rendering ?? RENDERING;
    this.#ledger = new MoneyLedger(options.bundle);
    this.#csv = csv;
    this.#rows = rows;
    this.#sections = sections;
  }

  static async open(readLine: ReadLine, options: DocumentOptions): Promise<Documents> {
    const documents = new Documents(readLine, [await Spool.open(), await Spool.open(), await Spool.open()], options);
    await documents.#csv.write(csvHeader(documents.#rendering));
    return documents;
  }

  /** Actions whose last record has not been read yet. */
  get open(): number {
    return this.#open.size;
  }

  /** Adds the next record, after its line was written. `last` is true for the last record of its action. */
  async add(one: ExportRecord, place: DocumentPlace, { last }: { last: boolean }): Promise<void> {
    const { action, at } = one.record;
    this.#summary.records += 1;
    this.#summary.from ??= at;
    this.#summary.to = at;
    const amounts = await this.#ledger.after(one.record);
    const money = this.#rendering === RENDERING_WITHOUT_MONEY ? null : amounts;
    await this.#csv.write(csvRow(one, money, this.#rendering));
    const before = this.#open.get(action) ?? [];
    if (!last) {
      if (before.push(place) === 1) this.#open.set(action, before);
      return;
    }
    this.#open.delete(action);
    this.#ledger.forget(action);
    const records = await Promise.all(before.map((earlier) => this.#read(earlier)));
    const story = storyOf([...records, one]);
    if (isStory(story)) countStory(this.#summary, story, money);
    await this.#rows.write(reportRow(story, money, this.#rendering));
    await this.#sections.write(reportSection(story, money, this.#rendering));
  }

  async #read(place: DocumentPlace): Promise<ExportRecord> {
    const text = Buffer.from(await this.#readLine(place)).toString('utf8');
    const { index, hash, record } = JSON.parse(text) as ExportRecord;
    return { index, hash, record };
  }

  /** Both files, once every record was added. */
  finish(head: ReportHead): { csv: SizedFile; report: SizedFile } {
    const [start, middle, end] = [reportStart(head, this.#summary), reportMiddle(), reportEnd()].map((text) =>
      Buffer.from(text, 'utf8'),
    ) as [Buffer, Buffer, Buffer];
    const [csv, rows, sections] = [this.#csv, this.#rows, this.#sections];
    return {
      csv,
      report: {
        size: start.length + rows.size + middle.length + sections.size + end.length,
        async *chunks() {
          yield start;
          yield* rows.chunks();
          yield middle;
          yield* sections.chunks();
          yield end;
        },
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#csv.close(), this.#rows.close(), this.#sections.close()]);
  }
}
