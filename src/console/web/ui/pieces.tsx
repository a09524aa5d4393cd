/** Small parts that every page is made of. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { inCurrency } from '../../../export/values.ts';
import { ApiProblem } from '../api.ts';
import { minuteIn, secondIn } from '../view/times.ts';
import { basisTone, plainWord, statusTone, type Tone } from '../view/tones.ts';
import { useWaiting } from '../waiting.ts';
import { WORDS } from '../words.ts';
import { useZone } from '../zone.tsx';

export const Badge = ({ tone = 'quiet', children }: { tone?: Tone; children: ComponentChildren }) => (
  <span class="badge" data-tone={tone}>
    {children}
  </span>
);

export const StatusBadge = ({ status }: { status: string }) => (
  <Badge tone={statusTone(status)}>{plainWord(status)}</Badge>
);

export const BasisBadge = ({ basis }: { basis: string | null }) =>
  basis === null ? null : <Badge tone={basisTone(basis)}>{plainWord(basis)}</Badge>;

export function Time({ at, exact = false }: { at: string | null; exact?: boolean }) {
  const { zone } = useZone();
  if (at === null) return null;
  return (
    <time dateTime={at} title={`${secondIn(at, zone)} ${zone}`}>
      {exact ? secondIn(at, zone) : minuteIn(at, zone)}
    </time>
  );
}

export const AmountText = ({ amount, currency }: { amount: string | null; currency: string | null }) =>
  amount === null ? null : <span class="num">{inCurrency(amount, currency)}</span>;

/** A long technical name: its end stays readable, the rest wraps. */
export const PersonName = ({ id }: { id: string | null }) => {
  if (id === null) return null;
  const [name = '', ...rest] = id.replace(/^user:/, '').split('@');
  return (
    <span>
      {name}
      {rest.length === 0 ? null : (
        <>
          <wbr />@{rest.join('@')}
        </>
      )}
    </span>
  );
};

export const Loading = () => (
  <p class="loading" role="status">
    {WORDS.loading}
  </p>
);

const KNOWN_PROBLEMS: ReadonlyMap<number | null, string> = new Map([
  [404, WORDS.failed.missing],
  [403, WORDS.failed.forbidden],
]);

export function ProblemNotice({ error, again }: { error: Error; again?: (() => void) | undefined }) {
  const status = error instanceof ApiProblem ? error.status : null;
  const known = KNOWN_PROBLEMS.get(status) ?? null;
  return (
    <div class="note stack-s" data-tone="bad" role="alert">
      <h2>{WORDS.failed.title}</h2>
      {known === null ? null : <p>{known}</p>}
      <p>{error.message}</p>
      {again === undefined ? null : (
        <p>
          <button type="button" onClick={again}>
            {WORDS.again}
          </button>
        </p>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function PageHead({ title, lead, children }: { title: string; lead?: string; children?: ComponentChildren }) {
  const waiting = useWaiting().data?.items.length ?? 0;
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${title} · ${WORDS.product}`;
  }, [title, waiting]);
  return (
    <header class="head">
      <div>
        <h1>{title}</h1>
        {lead === undefined ? null : <p>{lead}</p>}
      </div>
      {children}
    </header>
  );
}

export function FactList({ of }: { of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name} value`}>{value}</dd>])}
    </dl>
  );
}
