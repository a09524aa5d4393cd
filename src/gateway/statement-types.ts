import type { StatementMapping } from '../audit/index.ts';
import type { ComparedStatement, StatementList } from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';

export interface StatementInput {
  /** Whose statement it is, such as `bank`: its mapping is kept under this name. */
  source: string;
  /** The source's last mapping by default. */
  mapping?: StatementMapping | undefined;
  /** Name of the file. */
  file?: string | undefined;
  /** Start of the period that the statement covers; the first day of its rows by default. */
  from?: string | undefined;
  to?: string | undefined;
  /** Of one surface only. */
  surface?: string | undefined;
}

/** Reconciliation with statements of other systems. */
export interface Statements {
  /**
   * Compares a statement with what was governed, and seals the result.
   *
   * @param pieces the file, read once
   * @throws CountersignError `forbidden`, `invalid-request`
   */
  reconcileStatement(
    caller: Caller,
    input: StatementInput,
    pieces: AsyncIterable<Uint8Array>,
  ): Promise<ComparedStatement>;
  /** Statements that were compared, newest first. @throws CountersignError `forbidden` */
  statements(caller: Caller): Promise<StatementList>;
}
