/** The tables of SECURITY.md, and the count of what a test file really tried, to compare with them. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

export interface AttackRow {
  attack: string;
  tries: number;
  /** `0`, and how it was refused. */
  accepted: string;
  /** Codes of the audit's findings; empty where it has nothing to name. */
  named: string[];
  /** Test files. */
  shownBy: string[];
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** Every row, `same` resolved to the file of the row before. */
export function attackRows(): AttackRow[] {
  const rows: AttackRow[] = [];
  let columns: string[] = [];
  for (const line of readFileSync('SECURITY.md', 'utf8').split('\n')) {
    if (!line.startsWith('|')) columns = [];
    else if (line.startsWith('| attack |')) columns = cellsOf(line);
    else if (columns.length > 0 && !line.startsWith('| ---')) {
      const cells = cellsOf(line);
      const cell = (name: string): string => cells[columns.indexOf(name)] ?? '';
      const [by, before] = [cell('shown by'), rows.at(-1)?.shownBy ?? []];
      rows.push({
        attack: cell('attack'),
        tries: Number(cell('tries').replaceAll(',', '')),
        accepted: cell('accepted'),
        named: quoted(cell('named by `audit`')),
        shownBy: [...new Set([...(by.startsWith('same') ? before : []), ...quoted(by)])],
      });
    }
  }
  return rows;
}

/** Counts the attacks of one test file. */
export class AttackCount {
  readonly #file: string;
  readonly #counted = new Map<string, { tries: number; accepted: number }>();

  /** @param file as SECURITY.md names it */
  constructor(file: string) {
    this.#file = file;
  }

  /** @param attack how its row begins. @param accepted whether it gave the attacker anything */
  tried(attack: string, accepted: boolean): void {
    const { tries, accepted: sofar } = this.#counted.get(attack) ?? { tries: 0, accepted: 0 };
    this.#counted.set(attack, { tries: tries + 1, accepted: sofar + (accepted ? 1 : 0) });
  }

  /** Compares what was counted with the table: the rows that begin so, and no others. */
  check(attacks: readonly string[]): void {
    const rows = attackRows().filter(({ shownBy }) => shownBy.includes(this.#file));
    for (const attack of attacks) {
      const found = rows.filter((row) => row.attack.startsWith(attack));
      expect([attack, found.map(({ tries }) => tries)]).toEqual([attack, [this.#counted.get(attack)?.tries ?? 0]]);
      expect([attack, this.#counted.get(attack)?.accepted]).toEqual([attack, 0]);
    }
  }
}
