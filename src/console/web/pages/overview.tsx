/** Is it sound, what happened, what should be looked at: each number is a link to what it counts. */
import { useQuery } from '@tanstack/react-query';
import type { ComponentChildren } from 'preact';
import { Link } from 'wouter';
import type { Findings, OverridesReport } from '../../../contract/views/index.ts';
import { get, readFacets, withQuery } from '../api.ts';
import { BarChart } from '../ui/chart.tsx';
import { SumText } from '../ui/money.tsx';
import { PeriodPicker, usePeriod } from '../ui/period.tsx';
import { Loading, PageHead, Problem } from '../ui/pieces.tsx';
import { addressOf, type Filters } from '../view/filters.ts';
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

const most = (counts: readonly { value: string; count: number }[] | undefined, name: string): number =>
  counts?.find(({ value }) => value === name)?.count ?? 0;

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

export function Overview() {
  const period = usePeriod();
  const { query, range } = period;
  const facets = useQuery({ queryKey: ['facets', query], queryFn: ({ signal }) => readFacets(query, signal) });
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
  const problem = facets.error ?? report.error ?? findings.error;
  const released = facets.data?.facets['releaseBasis'];
  const status = facets.data?.facets['status'] ?? [];
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      <LogSentence />
      <PeriodPicker {...period} />
      {problem === null ? null : <Problem error={problem} />}
      {facets.isLoading ? <Loading /> : null}
      {facets.data === undefined ? null : (
        <div class="grid">
          <Figure label={SAY.actions} to={decisions({})}>
            {facets.data.count.atLeast.toLocaleString('en')}
            {facets.data.count.exact ? '' : '+'}
          </Figure>
          <Figure
            label={SAY.overrides}
            to={decisions({ basis: 'override' })}
            beside={report.data === undefined ? undefined : <SumText money={report.data.currencies} stage="released" />}
          >
            {most(released, 'override')}
          </Figure>
          <Figure label={SAY.glass} to={decisions({ basis: 'break_glass' })}>
            {most(released, 'break_glass')}
          </Figure>
          <Figure label={SAY.refused} to={decisions({ status: 'refused' })}>
            {most(status, 'refused')}
          </Figure>
          <Figure label={SAY.expired} to={decisions({ status: 'expired' })}>
            {most(status, 'expired')}
          </Figure>
          <Figure label={SAY.findings} to="/findings" beside={SAY.findingsBeside}>
            {findings.data?.findings.length ?? '…'}
          </Figure>
          <Figure label={SAY.waiting} to={decisions({ status: 'supervised' })}>
            {most(status, 'supervised')}
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
            bars={(released ?? []).map(({ value, count }) => ({
              label: plainWord(value),
              value: count,
              tone: basisTone(value),
            }))}
          />
        </section>
        <section class="card">
          <BarChart
            title={SAY.byStatus}
            unit={WORDS.money.actions}
            bars={status.map(({ value, count }) => ({
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
