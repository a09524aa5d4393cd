/** What people let through in a period, by approver, surface and currency, compared with the period before. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { OverridesReport } from '../../../contract/views/index.ts';
import { get, withQuery } from '../api.ts';
import { BarChart } from '../ui/chart.tsx';
import { MoneyTable } from '../ui/money.tsx';
import { PeriodPicker, usePeriod } from '../ui/period.tsx';
import { Empty, FactList, Loading, PageHead, ProblemNotice, Time } from '../ui/pieces.tsx';
import { addressOf, queryOf } from '../view/filters.ts';
import { differenceWords, middleOf, periodBefore, waitsOf } from '../view/figures.ts';
import { lasting } from '../view/times.ts';
import { WORDS } from '../words.ts';
import { useZone } from '../zone.tsx';
import { useLog } from './log-sentence.tsx';

const SAY = WORDS.reports;
const person = (id: string): string => id.replace(/^user:/, '');
const tooks = (report: OverridesReport): number[] => report.items.flatMap(({ tookSeconds }) => tookSeconds ?? []);

function Reliance({ report, from, to }: { report: OverridesReport; from: string; to: string }) {
  const log = useLog();
  const { zone } = useZone();
  return (
    <section class="card stack-s">
      <h2>{SAY.reliance}</h2>
      <FactList
        of={[
          [SAY.question, SAY.questionText(from, to, zone)],
          [SAY.rows, `${report.total}${report.cut ? ` (${SAY.cut})` : ''}`],
          [SAY.logAt, log.data === undefined ? null : `${log.data.asOf.size} of ${log.data.asOf.logSize}`],
          [SAY.root, log.data === undefined ? null : <code key="root">{log.data.checkpoint.root}</code>],
          [SAY.taken, <Time key="taken" at={new Date().toISOString()} exact />],
          [SAY.again, <code key="again">{SAY.command(report.from, report.to)}</code>],
        ]}
      />
    </section>
  );
}

export function ReportsPage() {
  const period = usePeriod('last quarter');
  const { zone } = useZone();
  const { query, range } = period;
  const before = queryOf(periodBefore(range), zone);
  const ask = (asked: Record<string, string>) => ({
    queryKey: ['overrides', asked],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      get<OverridesReport>(withQuery('/v1/reports/overrides', asked), signal),
  });
  const report = useQuery(ask(query));
  const earlier = useQuery(ask(before));
  const { data } = report;
  const rowsOf = (more: Record<string, string>): string =>
    `/decisions${addressOf({ basis: 'override', ...more, ...range })}`;
  const median = data === undefined ? null : middleOf(tooks(data));
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      <PeriodPicker {...period} />
      {report.error === null ? null : <ProblemNotice error={report.error} />}
      {report.isLoading ? <Loading /> : null}
      {data === undefined ? null : (
        <>
          <p class="row">
            <strong>{SAY.overrides(data.total)}</strong>
            {earlier.data === undefined ? null : (
              <span class="soft">{differenceWords(data.total, earlier.data.total)}</span>
            )}
            {median === null ? null : <span class="soft">{SAY.median(lasting(median * 1000))}</span>}
            <Link href={rowsOf({})}>{SAY.rowsLink}</Link>
            <Link href={`/samples?${new URLSearchParams({ ...range, basis: 'override' }).toString()}`}>
              {SAY.prove}
            </Link>
          </p>
          {data.total === 0 ? (
            <Empty title={SAY.empty} />
          ) : (
            <>
              <MoneyTable
                caption={SAY.byApprover}
                rows={data.approvers.map(({ approver, actions, money }) => ({
                  name: person(approver),
                  href: rowsOf({ approver }),
                  actions,
                  money,
                }))}
              />
              <MoneyTable
                caption={SAY.bySurface}
                rows={data.surfaces.map(({ surface, actions, money }) => ({
                  name: surface,
                  href: rowsOf({ surface }),
                  actions,
                  money,
                }))}
              />
              <MoneyTable
                caption={SAY.byCurrency}
                rows={data.currencies.map((total) => ({
                  name: total.currency ?? SAY.noCurrency,
                  ...(total.currency === null ? {} : { href: rowsOf({ currency: total.currency }) }),
                  money: [total],
                }))}
              />
              <MoneyTable
                caption={SAY.byPresence}
                rows={data.presences.map(({ presence, ...group }) => ({ name: SAY.presences[presence], ...group }))}
              />
              <MoneyTable caption={SAY.reversal} rows={[{ name: SAY.neverReversed, ...data.neverReversed }]} />
              <div class="grid-wide">
                <section class="card">
                  <BarChart
                    title={SAY.byApprover}
                    unit={WORDS.money.actions}
                    bars={data.approvers.map(({ approver, actions }) => ({
                      label: person(approver),
                      value: actions,
                      tone: 'human',
                    }))}
                  />
                </section>
                <section class="card">
                  <BarChart
                    title={SAY.waits}
                    unit={WORDS.money.actions}
                    bars={waitsOf(tooks(data)).map(({ label, count }) => ({ label, value: count }))}
                  />
                </section>
              </div>
            </>
          )}
          <Reliance report={data} {...range} />
        </>
      )}
    </div>
  );
}
