/** Reads comma separated values, RFC 4180, as banks and spreadsheets write them: piece by piece, no row held longer than it takes. */

/** A row, and the line of the file on which it begins, from 1. */
export interface CsvRow {
  line: number;
  cells: string[];
}

/** The candidates for a separator: the one that occurs most often in the first line is taken. */
export const CSV_SEPARATORS = [',', ';', '\t', '|'] as const;

/** Characters of one row: a file without line ends is not a table. */
const ROW_MAX = 1_000_000;

export class CsvReader {
  #separator: string | null;
  #rest = '';
  #cells: string[] = [];
  #cell = '';
  /** Inside of quotes, just after a quote that may have ended them, or outside. */
  #state: 'outside' | 'quoted' | 'quote' = 'outside';
  #line = 1;
  #begun = 1;
  #length = 0;

  /** @param separator found out by the first line where it is left out */
  constructor(separator?: string) {
    this.#separator = separator ?? null;
  }

  /** Takes the next piece. @returns the rows that it completed; rows without any text are none. @throws RangeError for a row without end */
  push(text: string): CsvRow[] {
    if (this.#separator === null) {
      this.#rest += text;
      if (this.#rest.length > ROW_MAX) throw new RangeError('a row has no end');
      if (!/[\r\n]/.test(this.#rest)) return [];
      this.#separator = separatorOf(this.#rest);
      return this.#read(this.#rest);
    }
    return this.#read(text);
  }

  /** The last row, where no line end follows it. */
  end(): CsvRow[] {
    const rows = this.#separator === null ? this.#read(this.#rest) : [];
    return this.#cell === '' && this.#cells.length === 0 ? rows : [...rows, ...this.#endRow()];
  }

  #read(text: string): CsvRow[] {
    const rows: CsvRow[] = [];
    const separator = this.#separator ?? ',';
    for (const letter of text) {
      if (letter === '\n') this.#line += 1;
      this.#length += 1;
      if (this.#length > ROW_MAX) throw new RangeError('a row has no end');
      if (this.#state === 'quoted') {
        if (letter === '"') this.#state = 'quote';
        else this.#cell += letter;
        continue;
      }
      if (letter === '"' && this.#state === 'quote') {
        this.#cell += '"';
        this.#state = 'quoted';
      } else if (letter === '"' && this.#cell === '') this.#state = 'quoted';
      else if (letter === separator) this.#endCell();
      else if (letter === '\n') rows.push(...this.#endRow());
      else if (letter !== '\r') this.#cell += letter;
    }
    return rows;
  }

  #endCell(): void {
    this.#cells.push(this.#cell);
    this.#cell = '';
    this.#state = 'outside';
  }

  #endRow(): CsvRow[] {
    this.#endCell();
    const row = { line: this.#begun, cells: this.#cells };
    this.#cells = [];
    this.#length = 0;
    this.#begun = this.#line;
    return row.cells.every((cell) => cell.trim() === '') ? [] : [row];
  }
}

function separatorOf(text: string): string {
  const [first = ''] = text.split(/[\r\n]/, 1);
  const count = (separator: string): number => first.split(separator).length;
  return CSV_SEPARATORS.reduce(
    (best, separator) => (count(separator) > count(best) ? separator : best),
    CSV_SEPARATORS[0],
  );
}
