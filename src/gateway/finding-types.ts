import type { DrawnSample, Findings } from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';
import type { FactFilter } from '../store/index.ts';

export interface FindingsQuery {
  from?: string | undefined;
  to?: string | undefined;
  surface?: string | undefined;
  /** One test alone. */
  test?: string | undefined;
}

export interface SampleInput extends Pick<FactFilter, 'surface' | 'status' | 'currency' | 'basis'> {
  from?: string | undefined;
  to?: string | undefined;
  /** How many of each stratum. */
  size: number;
  /** The auditor's own word: with it nobody else can have chosen. */
  word: string;
  /** What is drawn apart. */
  strata?: 'surface' | 'currency' | undefined;
  /** An exact decimal: all actions above it are taken. */
  allAbove?: string | undefined;
}

/** The auditor's tests and samples. */
export interface Auditing {
  /** @throws CountersignError `forbidden`, `invalid-request` */
  findings(caller: Caller, query: FindingsQuery): Promise<Findings>;
  /** @throws CountersignError `forbidden`, `invalid-request` */
  drawSample(caller: Caller, input: SampleInput): Promise<DrawnSample>;
}
