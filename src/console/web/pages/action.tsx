/** One action: what waits for the reader, its story, the rule that judged it, and the proof of all that. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'preact/hooks';
import { Link, useParams } from 'wouter';
import type { Action } from '../../../contract/index.ts';
import type { ActionSummary, Findings, PolicyView } from '../../../contract/views/index.ts';
import type { RecordItem } from '../../../sealing/record-view.ts';
import { askActions, get, readMe, withQuery } from '../api.ts';
import {
  AmountText,
  Badge,
  BasisBadge,
  FactList,
  Loading,
  PageHead,
  PersonName,
  ProblemNotice,
  StatusBadge,
  Time,
} from '../ui/pieces.tsx';
import { addressOf } from '../view/filters.ts';
import { storyOfRecords, type StoryStep } from '../view/story.ts';
import { lasting } from '../view/times.ts';
import { plainWord } from '../view/tones.ts';
import { ruleIn, yamlOf } from '../view/yaml.ts';
import { useWaiting } from '../waiting.ts';
import { WORDS } from '../words.ts';
import { DecidePanel } from './deciding.tsx';
import { Answers } from './finding-answer.tsx';
import { BrokenAlarm, useBrokenRows } from './row-check.tsx';
import { RenderedAgain } from './shown-again.tsx';
import { Verify } from './verify-panel.tsx';

const SAY = WORDS.action;
const LOOK_AGAIN_MS = 15_000;

async function recordsOf(action: Action): Promise<RecordItem[]> {
  return Promise.all(action.records.map((hash) => get<RecordItem>(`/v1/records/${hash}`)));
}

function Story({ steps }: { steps: readonly StoryStep[] }) {
  return (
    <ol class="timeline">
      {steps.map(({ hash, index, at, tone, said, quote, details, rendering }) => (
        <li key={hash} data-tone={tone}>
          <p class="said">{said}</p>
          <p class="faint">
            <Time at={at} exact /> · {SAY.entry(index)}
          </p>
          {quote === null ? null : <blockquote>{quote}</blockquote>}
          {rendering === null ? null : <RenderedAgain record={hash} by={rendering.by} sealed={rendering.shown} />}
          {details.length === 0 ? null : (
            <details>
              <summary class="faint">{details.map(({ label }) => label).join(', ')}</summary>
              <FactList of={details.map(({ label, value }): [string, string] => [label, value])} />
            </details>
          )}
        </li>
      ))}
    </ol>
  );
}

function Rule({ action }: { action: Action }) {
  const { bundle = null, policy = null, rule = null } = action.verdict ?? {};
  const read = useQuery({
    queryKey: ['bundle', bundle],
    queryFn: ({ signal }) => get<PolicyView>(`/v1/policies/${bundle ?? ''}`, signal),
    enabled: bundle !== null && rule !== null,
    staleTime: Infinity,
  });
  if (bundle === null || rule === null) return null;
  const source = read.data === undefined ? null : ruleIn(read.data.source, policy, rule);
  return (
    <section class="card stack-s">
      <h2>{SAY.rule}</h2>
      <p class="soft">
        {policy} · {rule}
      </p>
      {source === null ? (
        <p class="faint">{read.isLoading ? WORDS.loading : SAY.ruleMissing}</p>
      ) : (
        <pre class="code" tabIndex={0}>
          <code>{yamlOf(source)}</code>
        </pre>
      )}
    </section>
  );
}

function Short({ action, row, wrong }: { action: Action; row: ActionSummary | undefined; wrong: string | undefined }) {
  const money = (stage: keyof ActionSummary['amounts']) =>
    row?.amounts[stage] == null ? null : <AmountText amount={row.amounts[stage]} currency={row.currency} />;
  return (
    <section class="card stack-s">
      <h2>{SAY.facts}</h2>
      {wrong === undefined ? null : (
        <p class="row broken">
          <Badge tone="bad">{WORDS.rows.mark}</Badge> {wrong}
        </p>
      )}
      <FactList
        of={[
          ['Status', <StatusBadge key="status" status={action.status} />],
          ['Release basis', row?.releaseBasis == null ? null : <BasisBadge key="basis" basis={row.releaseBasis} />],
          [
            'Verdict',
            action.verdict === null ? null : `${action.verdict.decision}, ${plainWord(action.verdict.basis)}`,
          ],
          ['Amount asked', row?.undisclosed === true ? WORDS.decisions.notDisclosed : money('asked')],
          ['Approved', money('approved')],
          ['Released', money('released')],
          ['Executed', money('executed')],
          ['Resource', row?.resource],
          ['For', row === undefined ? null : <PersonName key="for" id={row.requester} />],
          ['Asked by', row === undefined ? null : <PersonName key="actor" id={row.actor} />],
          ['Decided by', row?.approver == null ? null : <PersonName key="approver" id={row.approver} />],
          ['Waited', row?.waitMs == null ? null : lasting(row.waitMs)],
          ['Reference', row?.reference],
          ['Asked', <Time key="asked" at={action.createdAt} exact />],
          ['Action id', <code key="id">{action.id}</code>],
          ['Takes back', action.reverses && <Link href={`/actions/${action.reverses}`}>{action.reverses}</Link>],
          [
            'Taken back by',
            action.reversedBy?.map((id) => (
              <Link key={id} href={`/actions/${id}`}>
                {id}
              </Link>
            )),
          ],
        ]}
      />
      {row === undefined ? null : (
        <p class="row">
          {row.resource === null ? null : (
            <Link href={`/decisions${addressOf({ q: row.resource })}`}>{SAY.sameResource}</Link>
          )}
          <Link href={`/decisions${addressOf({ requester: row.requester })}`}>{SAY.samePerson}</Link>
        </p>
      )}
    </section>
  );
}

/** Questions of the finance tests that name this action; for those who audit. */
function FindingsOf({ id }: { id: string }) {
  const me = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal) }).data;
  const reads = me?.roles.some((role) => role === 'auditor' || role === 'owner') === true;
  const read = useQuery({
    queryKey: ['findings', { action: id }],
    enabled: reads,
    queryFn: ({ signal }) => get<Findings>(withQuery('/v1/findings', { action: id }), signal),
  });
  const findings = read.data?.findings ?? [];
  if (findings.length === 0) return null;
  return (
    <section class="card stack-s">
      <h2>{SAY.findings}</h2>
      <ul class="stack-s">
        {findings.map((finding) => (
          <li key={finding.id}>
            <Link href={`/findings?test=${finding.test}`}>{finding.sentence}</Link>
            <Answers answers={finding.answers} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Receipts({ records }: { records: readonly RecordItem[] }) {
  return (
    <section class="card stack-s">
      <h2>{SAY.receipts}</h2>
      <ul class="stack-s">
        {records.map(({ hash, index, record }) => (
          <li key={hash} class="stack-s">
            <span>
              {record.type}, {SAY.entry(index).toLowerCase()}: <code>{hash}</code>
            </span>
            <span class="row">
              <a href={`/v1/records/${hash}/receipt`} download={`${record.type}-${record.seq}.receipt.json`}>
                {SAY.receipt}
              </a>
              <a href={`/v1/records/${hash}`} download={`${record.type}-${record.seq}.record.json`}>
                {SAY.record}
              </a>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function ActionPage() {
  const { id = '' } = useParams<{ id: string }>();
  const [done, setDone] = useState<{ conflict: string | null } | null>(null);
  const read = useQuery({
    queryKey: ['action', id],
    queryFn: async ({ signal }) => {
      const action = await get<Action>(`/v1/actions/${encodeURIComponent(id)}`, signal);
      const [records, list] = await Promise.all([recordsOf(action), askActions({ q: action.id }, signal)]);
      return { action, records, row: list.actions.find((one) => one.id === action.id) };
    },
    refetchInterval: LOOK_AGAIN_MS,
  });
  const row = read.data?.row;
  const { broken, failed } = useBrokenRows(row === undefined ? [] : [row], read.dataUpdatedAt);
  const waiting = useWaiting();
  const items = (waiting.data?.items ?? []).filter((item) => item.id === id);
  if (read.data === undefined)
    return (
      <div class="stack">
        <PageHead title={SAY.title} />
        {read.error === null ? <Loading /> : <ProblemNotice error={read.error} again={() => void read.refetch()} />}
      </div>
    );
  const { action, records } = read.data;
  const verdict = records.find(({ record }) => record.type === 'verdict')?.record;
  const title = verdict?.type === 'verdict' ? `${verdict.verb} on ${verdict.surface}` : SAY.title;
  const wanted = [{ id: action.id, hashes: action.records, row: row ?? null }];
  return (
    <div class="stack">
      <PageHead title={title}>
        <StatusBadge status={action.status} />
      </PageHead>
      <BrokenAlarm broken={broken} failed={failed} />
      {done === null ? null : (
        <div
          class="note"
          data-tone={done.conflict === null ? 'good' : 'bad'}
          role={done.conflict === null ? 'status' : 'alert'}
        >
          {done.conflict === null ? (
            <p>{WORDS.deciding.sent}</p>
          ) : (
            <>
              <h2>{WORDS.deciding.faster}</h2>
              <p>{done.conflict}</p>
            </>
          )}
        </div>
      )}
      {items.map((item) => (
        <DecidePanel key={item.kind} item={item} decided={(conflict) => setDone({ conflict })} />
      ))}
      <div class="grid-wide">
        <section class="card stack-s">
          <h2>{SAY.story}</h2>
          <p class="faint">{SAY.storyHint}</p>
          <Story steps={storyOfRecords(records)} />
        </section>
        <div class="stack">
          <Short action={action} row={row} wrong={broken.get(action.id)} />
          <Rule action={action} />
          <FindingsOf id={action.id} />
        </div>
      </div>
      <section class="card stack-s">
        <h2>{WORDS.verify.title}</h2>
        <p class="soft">{WORDS.verify.hint}</p>
        <Verify key={action.records.length} tenant={action.tenant} wanted={wanted} go={WORDS.verify.go} />
      </section>
      <Receipts records={records} />
    </div>
  );
}
