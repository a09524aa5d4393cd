/** Whether the log verifies, what happened, and what should be looked at. Each number links to the rows that it counts. */
import { useQuery } from '@tanstack/react-query';
import type { ComponentChildren } from 'preact';
import { Link } from 'wouter';
import type { Findings, Overview as Report, OverridesReport } from '../../../contract/views/index.ts';
import { get, withQuery } from '../api.ts';
import { BarChart } from '../ui/chart.tsx';
import { SumText } from '../ui/money.tsx';
import { PeriodPicker, usePeriod } from '../ui/period.tsx';
import { Loading, PageHead, ProblemNotice } from '../ui/pieces.tsx';
import { addressOf, queryOf, type Filters } from '../view/filters.ts';
import { differenceWords } from '../view/figures.ts';
import { lasting } from '../view/times.ts';
import { basisTone, plainWord, statusTone } from '../view/tones.ts';
import { useWaiting } from '../waiting.ts';
import { WORDS } from '../words.ts';
import { LogSentence } from './log-sentence.tsx';

const SAY = WORDS.overview;

function Figure({
  label,
  to,
  beside,
  children,
}: {
  label: string;
  to: string;
  beside?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <Link href={to} class="figure">
      <span class="label">{label}</span>
      <span class="value">{children}</span>
      {beside === undefined ? null : <span class="beside">{beside}</span>}
    </Link>
  );
}

const counted = (n: number): string => n.toLocaleString('en');

const upToWords = (upTo: number | null): string => (upTo === null ? SAY.longer : SAY.upTo(lasting(upTo)));

const LOOK_AT_MAX = 6;

function ToLookAt({ findings }: { findings: Findings['findings'] }) {
  if (findings.length === 0) return <p class="soft">{SAY.nothing}</p>;
  return (
    <ul class="stack-s">
      {findings.slice(0, LOOK_AT_MAX).map((finding) => (
        <li key={finding.sentence}>
          <Link href={`/findings?test=${finding.test}`}>{finding.sentence}</Link>
        </li>
      ))}
    </ul>
  );
}

export function OverviewPage() {
  const period = usePeriod();
  const { query, range } = period;
  // Sums are kept by day in UTC, however many actions there are.
  const days = queryOf(range, 'UTC');
  const overview = useQuery({
    queryKey: ['overview', days],
    queryFn: ({ signal }) => get<Report>(withQuery('/v1/reports/overview', days), signal),
  });
  const report = useQuery({
    queryKey: ['overrides', query],
    queryFn: ({ signal }) => get<OverridesReport>(withQuery('/v1/reports/overrides', query), signal),
  });
  const findings = useQuery({
    queryKey: ['findings', query],
    queryFn: ({ signal }) => get<Findings>(withQuery('/v1/findings', query), signal),
  });
  const waiting = useWaiting();
  const decisions = (filters: Filters): string => `/decisions${addressOf({ ...filters, ...range })}`;
  const problem = overview.error ?? report.error ?? findings.error;
  const { now, before } = overview.data ?? {};
  const against = (of: (figures: Report['now']) => number): ComponentChildren =>
    now === undefined || before === undefined ? undefined : <div>{differenceWords(of(now), of(before))}</div>;
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      <LogSentence />
      <PeriodPicker {...period} />
      {problem === null ? null : <ProblemNotice error={problem} />}
      {overview.isLoading ? <Loading /> : null}
      {now === undefined ? null : (
        <div class="grid">
          <Figure label={SAY.actions} to={decisions({})} beside={against(({ actions }) => actions)}>
            {counted(now.actions)}
          </Figure>
          <Figure
            label={SAY.overrides}
            to={decisions({ basis: 'override' })}
            beside={
              <>
                {report.data === undefined ? null : <SumText money={report.data.currencies} stage="released" />}
                {against(({ overrides }) => overrides)}
              </>
            }
          >
            {counted(now.overrides)}
          </Figure>
          <Figure
            label={SAY.glass}
            to={decisions({ basis: 'break_glass' })}
            beside={against(({ breakGlass }) => breakGlass)}
          >
            {counted(now.breakGlass)}
          </Figure>
          <Figure label={SAY.refused} to={decisions({ status: 'refused' })} beside={against(({ refused }) => refused)}>
            {counted(now.refused)}
          </Figure>
          <Figure label={SAY.expired} to={decisions({ status: 'expired' })} beside={against(({ expired }) => expired)}>
            {counted(now.expired)}
          </Figure>
          <Figure label={SAY.findings} to="/findings" beside={SAY.findingsBeside}>
            {findings.data?.findings.length ?? '…'}
          </Figure>
          <Figure label={SAY.waiting} to={`/decisions${addressOf({ status: 'supervised' })}`}>
            {counted(overview.data?.waiting ?? 0)}
          </Figure>
          {waiting.data === undefined ? null : (
            <Figure label={WORDS.nav.inbox} to="/inbox">
              {waiting.data.items.length}
            </Figure>
          )}
        </div>
      )}
      <div class="grid-wide">
        <section class="card stack-s">
          <h2>{SAY.lookAt}</h2>
          {findings.data === undefined ? <Loading /> : <ToLookAt findings={findings.data.findings} />}
        </section>
        <section class="card">
          <BarChart
            title={SAY.byBasis}
            unit={WORDS.money.actions}
            bars={(now?.bases ?? []).map(({ value, count }) => ({
              label: plainWord(value),
              value: count,
              tone: basisTone(value),
            }))}
          />
        </section>
        <section class="card">
          <BarChart
            title={SAY.waits}
            unit={WORDS.money.actions}
            bars={(now?.waits?.buckets ?? []).map(({ upTo, count }) => ({ label: upToWords(upTo), value: count }))}
          />
          {now?.waits == null ? null : (
            <p class="faint">
              {SAY.middle(lasting(now.waits.median), lasting(now.waits.p90), lasting(now.waits.longest))}
            </p>
          )}
        </section>
        <section class="card">
          <BarChart
            title={SAY.byStatus}
            unit={WORDS.money.actions}
            bars={(now?.statuses ?? []).map(({ value, count }) => ({
              label: plainWord(value),
              value: count,
              tone: statusTone(value),
            }))}
          />
        </section>
      </div>
    </div>
  );
}
