/** The evidence: the log, its keys, its witnesses, and its exports. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'preact/compat';
import type { RowDifferences } from '../../../contract/views/index.ts';
import type { RecordItem } from '../../../sealing/record-view.ts';
import { get, getText, readMe } from '../api.ts';
import { FactList, Loading, PageHead, PersonName, ProblemNotice, Time } from '../ui/pieces.tsx';
import { TableHead } from '../ui/table-head.tsx';
import { WORDS } from '../words.ts';
import { LogSentence, useLog } from './log-sentence.tsx';

const SAY = WORDS.evidence;

interface Key {
  kid: string;
  alg?: string;
}

function Log() {
  const log = useLog();
  if (log.error !== null) return <ProblemNotice error={log.error} />;
  if (log.data === undefined) return <Loading />;
  const { checkpoint, asOf } = log.data;
  return (
    <section class="card stack-s">
      <h2>{SAY.checkpoint}</h2>
      <FactList
        of={[
          [SAY.origin, checkpoint.origin],
          [SAY.size, String(checkpoint.size)],
          [SAY.root, <code key="root">{checkpoint.root}</code>],
          [SAY.signers, checkpoint.signers.join(', ')],
          [SAY.tables, `${asOf.size} of ${asOf.logSize}`],
        ]}
      />
      <details>
        <summary>{SAY.note}</summary>
        <pre class="code" tabIndex={0}>
          {checkpoint.note}
        </pre>
      </details>
    </section>
  );
}

function Keys() {
  const tenant = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal) }).data?.tenant;
  const read = useQuery({
    queryKey: ['keys', tenant],
    enabled: tenant !== undefined,
    queryFn: async ({ signal }) => {
      const at = `/log/${encodeURIComponent(tenant ?? '')}`;
      const [{ keys }, vkey] = await Promise.all([
        get<{ keys: Key[] }>(`${at}/jwks.json`, signal),
        getText(`${at}/vkey`, signal),
      ]);
      return { keys, vkey: vkey.trim(), at };
    },
  });
  if (read.data === undefined) return null;
  return (
    <section class="card stack-s">
      <h2>{SAY.keys}</h2>
      <FactList
        of={[
          [SAY.logKey, <code key="vkey">{read.data.vkey}</code>],
          ...read.data.keys.map(({ kid, alg }): [string, ReactNode] => [
            `${SAY.recordKey} (${alg ?? ''})`,
            <code key={kid}>{kid}</code>,
          ]),
        ]}
      />
      <p class="row">
        <a href={`${read.data.at}/jwks.json`} download="record-keys.jwks.json">
          record-keys.jwks.json
        </a>
        <a href={`${read.data.at}/vkey`} download="log.vkey">
          log.vkey
        </a>
        <a href={`${read.data.at}/keys.json`} download="key-history.json">
          key-history.json
        </a>
      </p>
      <p class="faint">{SAY.keysHint}</p>
    </section>
  );
}

function Taken() {
  const read = useQuery({
    queryKey: ['records', 'export'],
    queryFn: ({ signal }) => get<{ records: RecordItem[] }>('/v1/records?type=export&limit=50', signal),
  });
  if (read.error !== null) return <ProblemNotice error={read.error} />;
  if (read.data?.records.length === 0)
    return (
      <section class="stack-s">
        <h2>{SAY.taken}</h2>
        <p class="soft">{SAY.nothingTaken}</p>
      </section>
    );
  return (
    <section class="stack-s">
      <h2>{SAY.taken}</h2>
      <div class="table-wrap" role="region" aria-label={SAY.taken} tabIndex={0}>
        <table>
          <caption class="visually-hidden">{SAY.taken}</caption>
          <TableHead names={SAY.takenColumns} numbers={[3]} />
          <tbody>
            {(read.data?.records ?? []).map(({ hash, index, record }) => (
              <tr key={hash}>
                <td>
                  <Time at={record.at} />
                </td>
                <td>{record.type === 'export' ? <PersonName id={record.by} /> : null}</td>
                <td>{record.type === 'export' ? String(record.body['what'] ?? '') : ''}</td>
                <td class="num">{index}</td>
                <td class="mono">{hash.slice(0, 23)}…</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Rows that somebody changed in the database. They grant nothing, but show a manipulation. */
function Altered() {
  const read = useQuery({
    queryKey: ['row-differences'],
    queryFn: ({ signal }) => get<RowDifferences>('/v1/row-differences', signal),
  });
  if (read.data === undefined) return read.error === null ? <Loading /> : <ProblemNotice error={read.error} />;
  const { differences } = read.data;
  if (differences.length === 0)
    return (
      <p class="note" data-tone="good">
        {SAY.unaltered}
      </p>
    );
  return (
    <section class="shout stack-s" role="alert">
      <h2>{SAY.altered(differences.length)}</h2>
      <ul class="checks">
        {differences.map(({ table, id, change, message }) => (
          <li key={`${table} ${id}`} data-tone="bad">
            <span>
              {table} {id}, {change}: {message}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function EvidencePage() {
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      <LogSentence />
      <Altered />
      <div class="grid-wide">
        <Log />
        <Keys />
      </div>
      <Taken />
    </div>
  );
}
