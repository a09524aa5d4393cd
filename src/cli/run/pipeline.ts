/** Output for a pipeline beside the exit code: masked values, outputs for later steps, and a summary for people. */
import { appendFileSync } from 'node:fs';
import type { Action } from '../../client/index.ts';
import type { Io } from '../io.ts';

/** Masks a secret in the log of GitHub's job, whichever program prints it. */
export function mask(io: Io, secret: string, json: boolean): void {
  if (io.env['GITHUB_ACTIONS'] !== 'true') return;
  const line = `::add-mask::${secret}`;
  if (json) io.err(line);
  else io.out(line);
}

export interface RunResult {
  /** The outcome, in a few words. */
  ended: string;
  status: string;
  surface: string;
  action: Action | null;
  reasons: readonly string[];
  url: string;
}

/** Writes GitHub's outputs and job summary where there are any. A failure to write them is ignored. */
export function tell(io: Io, result: RunResult): void {
  const { GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary } = io.env;
  try {
    if (outputs)
      appendFileSync(
        outputs,
        `action=${result.action?.id ?? ''}\nstatus=${result.status}\nreceipt=${newest(result) ?? ''}\n`,
      );
    if (summary) appendFileSync(summary, jobSummary(result));
  } catch (error) {
    io.err(`the job’s summary was not written (${error instanceof Error ? error.message : 'unknown'})`);
  }
}

const newest = ({ action }: RunResult): string | undefined => action?.records.at(-1);

/** A table in Markdown: the verdict, who decided and why, the outcome, and where its receipt is. */
export function jobSummary(result: RunResult): string {
  const { action, reasons, surface, ended, url } = result;
  const verdict = action?.verdict;
  const receipt = newest(result);
  const rows: [string, string][] = [
    ['action', action?.id ?? '—'],
    ...(verdict
      ? [['verdict', [verdict.decision, verdict.policy, verdict.rule].filter(Boolean).join(' · ')] as [string, string]]
      : []),
    ...reasons.map((reason): [string, string] => ['because', reason]),
    ...(action?.approval?.stages ?? []).flatMap(({ name, decisions }) =>
      decisions.map(({ by, decision, reason, at, via }): [string, string] => [
        `${name}: ${decision}`,
        `${by} at ${at} via ${via}${reason === null ? '' : `: ${reason}`}`,
      ]),
    ),
    [
      'receipt',
      receipt === undefined ? '—' : new URL(`v1/records/${receipt}/receipt`, url.endsWith('/') ? url : `${url}/`).href,
    ],
  ];
  const lines = rows.map(([name, text]) => `| ${cell(name)} | ${cell(text)} |`);
  return `### Countersign: ${cell(surface)} ${cell(ended)}\n\n| | |\n| --- | --- |\n${lines.join('\n')}\n\n`;
}

/** Reasons and names come from strangers: in a summary they are plain text, without Markdown, HTML or mentions. */
const cell = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\p{L}\p{N} .,:;/·—'’-]/gu, (character) => `&#${String(character.codePointAt(0))};`);
