import type { DrawnSample, FindingDetail, Findings, Overview } from '../contract/views/index.ts';
import type { CONCLUSIONS } from '../contract/views/findings.ts';
import type { Caller } from '../identity/index.ts';
import type { FactFilter } from '../store/index.ts';

export interface OverviewQuery {
  from?: string | undefined;
  to?: string | undefined;
  surface?: string | undefined;
}

export interface FindingsQuery {
  from?: string | undefined;
  to?: string | undefined;
  surface?: string | undefined;
  /** One test alone. */
  test?: string | undefined;
  /** Those that name this action. */
  action?: string | undefined;
  /** True: answered findings only. False: open ones only. */
  answered?: boolean | undefined;
}

export interface AnswerFindingInput {
  conclusion: (typeof CONCLUSIONS)[number];
  /** What was found out, in words. */
  reason: string;
}

export interface SampleInput extends Pick<FactFilter, 'surface' | 'status' | 'currency' | 'basis'> {
  from?: string | undefined;
  to?: string | undefined;
  /** How many of each stratum. */
  size: number;
  /** The auditor's word. It goes into the draw, so that nobody else can have chosen. */
  word: string;
  /** Draws from each of these groups separately. */
  strata?: 'surface' | 'currency' | undefined;
  /** An exact decimal: all actions above it are taken. */
  allAbove?: string | undefined;
  /** Adds a worksheet, which the auditor fills in. */
  worksheet?: boolean | undefined;
}

/** The auditor's tests, samples and figures. */
export interface Auditing {
  /** Figures of a period, and of the one before it. @throws CountersignError `forbidden`, `invalid-request` */
  overview(caller: Caller, query: OverviewQuery): Promise<Overview>;
  /** @throws CountersignError `forbidden`, `invalid-request` */
  findings(caller: Caller, query: FindingsQuery): Promise<Findings>;
  /** @throws CountersignError `forbidden`, `not-found` */
  finding(caller: Caller, id: string): Promise<FindingDetail>;
  /** Seals a person's answer to a finding. @throws CountersignError `forbidden`, `not-found` */
  answerFinding(caller: Caller, id: string, input: AnswerFindingInput): Promise<FindingDetail>;
  /** @throws CountersignError `forbidden`, `invalid-request` */
  drawSample(caller: Caller, input: SampleInput): Promise<DrawnSample>;
}
