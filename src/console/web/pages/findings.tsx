/** What the finance tests ask to be looked at, each with its parameters. A finding is a question, not a verdict. */
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useSearch } from 'wouter';
import type { Findings } from '../../../contract/views/index.ts';
import { get, withQuery } from '../api.ts';
import { PeriodPicker, usePeriod } from '../ui/period.tsx';
import { Badge, Empty, FactList, Loading, PageHead, ProblemNotice } from '../ui/pieces.tsx';
import { plainWord } from '../view/tones.ts';
import { WORDS } from '../words.ts';
import { AnswerForm, Answers } from './finding-answer.tsx';

const SAY = WORDS.findings;
const SHOWN = 8;

type Finding = Findings['findings'][number];
type Test = Findings['tests'][number];

const testName = (name: string): string => plainWord(name).replaceAll('-', ' ');

function OneFinding({ finding }: { finding: Finding }) {
  const { actions, figures } = finding;
  return (
    <li class="card stack-s">
      <p>
        <Badge tone={finding.answers.length === 0 ? 'warn' : 'quiet'}>{testName(finding.test)}</Badge>
      </p>
      <p>
        <strong>{finding.sentence}</strong>
      </p>
      <details>
        <summary class="faint">{SAY.figures}</summary>
        <FactList
          of={Object.entries(figures).map(([name, value]): [string, string] => [plainWord(name), String(value)])}
        />
      </details>
      {finding.found ? null : <p class="faint">{SAY.gone}</p>}
      <Answers answers={finding.answers} />
      <AnswerForm id={finding.id} />
      {actions.length === 0 ? null : (
        <p class="row">
          {actions.slice(0, SHOWN).map((id, at) => (
            <Link key={id} href={`/actions/${id}`}>
              {SAY.action(at + 1)}
            </Link>
          ))}
          {actions.length > SHOWN ? <span class="faint">{SAY.more(actions.length - SHOWN)}</span> : null}
        </p>
      )}
    </li>
  );
}

function Tests({
  tests,
  chosen,
  choose,
}: {
  tests: readonly Test[];
  chosen: string | null;
  choose(name: string | null): void;
}) {
  return (
    <section class="stack-s">
      <h2>{SAY.tests}</h2>
      <div class="table-wrap" role="region" aria-label={SAY.tests} tabIndex={0}>
        <table class="cards-on-phone">
          <caption class="visually-hidden">{SAY.tests}</caption>
          <thead>
            <tr>
              {SAY.columns.map((name, at) => (
                <th key={name} scope="col" class={at === 3 ? 'num' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {tests.map(({ name, question, params, findings, unanswered }) => (
              <tr key={name}>
                <th scope="row">
                  <button
                    type="button"
                    aria-pressed={chosen === name}
                    onClick={() => choose(chosen === name ? null : name)}
                  >
                    {testName(name)}
                  </button>
                </th>
                <td>{question}</td>
                <td class="faint">
                  {Object.entries(params)
                    .map(([param, value]) => `${plainWord(param)} ${value}`)
                    .join(', ')}
                </td>
                <td class="num" data-label={SAY.columns[3]}>
                  {findings === 0 ? (
                    <span class="faint">0</span>
                  ) : (
                    <Badge tone={unanswered === 0 ? 'quiet' : 'warn'}>{findings}</Badge>
                  )}
                  {unanswered === 0 ? null : <div class="faint">{SAY.unanswered(unanswered)}</div>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function FindingsPage() {
  const period = usePeriod();
  const [path, navigate] = useLocation();
  const search = new URLSearchParams(useSearch());
  const chosen = search.get('test');
  const choose = (name: string | null): void => {
    if (name === null) search.delete('test');
    else search.set('test', name);
    navigate(`${path}?${search.toString()}`, { replace: true });
  };
  const read = useQuery({
    queryKey: ['findings', period.query],
    queryFn: ({ signal }) => get<Findings>(withQuery('/v1/findings', period.query), signal),
  });
  const { data } = read;
  const findings = (data?.findings ?? []).filter(({ test }) => chosen === null || test === chosen);
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      <PeriodPicker {...period} />
      {read.error === null ? null : <ProblemNotice error={read.error} again={() => void read.refetch()} />}
      {data === undefined && read.error === null ? <Loading /> : null}
      {data === undefined ? null : (
        <>
          <p class="faint" role="status">
            {SAY.looked(data.actions, data.zone)} {data.cut ? SAY.cut : ''}
          </p>
          {findings.length === 0 ? (
            <Empty title={SAY.none}>
              <p>{SAY.noneText}</p>
            </Empty>
          ) : (
            <ul class="waiting-list">
              {findings.map((finding) => (
                <OneFinding key={finding.id} finding={finding} />
              ))}
            </ul>
          )}
          <Tests tests={data.tests} chosen={chosen} choose={choose} />
        </>
      )}
    </div>
  );
}
