/** One item that waits for this person: everything that they are shown, and what they can do. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../contract/json.ts';
import type { InboxItem } from '../../../contract/views/index.ts';
import { get } from '../api.ts';
import { FactList, ProblemNotice, Time } from '../ui/pieces.tsx';
import { linesOf } from '../view/disclosed.ts';
import { WORDS } from '../words.ts';
import { DecideForm, type ShownWhole, type DecideWay } from './decide-form.tsx';

const SAY = WORDS.deciding;

interface Opened {
  whole: JsonObject;
  shown: ShownWhole & { opening: string };
}

const partyWords = ({ id, name, owner, unverified }: InboxItem['actor']): string =>
  [
    name === null ? id : `${name} (${id})`,
    unverified === true ? 'nobody has checked who that is' : '',
    typeof owner === 'string' ? `answered for by ${owner}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');

function Asked({ item }: { item: InboxItem }) {
  return (
    <>
      <FactList
        of={[
          ['Action', `${item.action} on ${item.surface}`],
          ['Amount', item.amount],
          ['Resource', item.resource],
          ['Asked by', partyWords(item.actor)],
          ['For', item.onBehalfOf.map(partyWords).join('; ')],
          ...item.facts.map(({ label, value }): [string, string] => [label, value]),
          ['What it does', item.effect],
          ['Why you are asked', item.why.reasons.join('; ')],
          ['Policy', [item.why.policy, item.why.rule].filter((part) => part !== null).join(' · ')],
          ['Until', <Time key="due" at={item.due} />],
          ['If nobody decides', item.otherwise],
        ]}
      />
      {item.decisions.length === 0 ? null : (
        <ul class="stack-s">
          {item.decisions.map((said) => (
            <li key={`${said.at} ${said.by}`}>
              {said.name}: {said.decision}
              {said.presence === undefined ? '' : ` (${SAY.presences[said.presence]})`}
              {said.reason === null ? '' : `: “${said.reason}”`} <Time at={said.at} />
            </li>
          ))}
        </ul>
      )}
      {item.notes.map((note) => (
        <p key={note} class="note" data-tone="warn">
          {note}
        </p>
      ))}
      {item.question === null ? null : (
        <blockquote class="note">
          {item.question.by.replace(/^user:/, '')}: {item.question.text}
        </blockquote>
      )}
      <div class="faint">
        {item.lately === null ? null : <p>{SAY.lately(item.lately.approved, item.lately.refused, item.lately.days)}</p>}
        {item.limitsLeft.map(({ label, left, max }) => (
          <p key={label}>{SAY.left(label, left, max)}</p>
        ))}
        {item.alike.length === 0 ? null : <p>{SAY.alike(item.alike.length)}</p>}
      </div>
    </>
  );
}

/** The whole request, uncut. Opening it is sealed, so the reader has to do it deliberately. */
function Whole({ id, opened, open }: { id: string; opened: Opened | null; open(opened: Opened): void }) {
  const [failed, setFailed] = useState<Error | null>(null);
  if (opened !== null)
    return (
      <section class="stack-s">
        <h3>{SAY.wholeTitle}</h3>
        <FactList of={linesOf(opened.whole).map(({ path, value }): [string, string] => [path, value])} />
        <p class="faint">{SAY.wholeProven(opened.shown.hash)}</p>
      </section>
    );
  return (
    <div class="stack-s">
      <p class="row">
        <button
          type="button"
          onClick={() => void get<Opened>(`/v1/actions/${id}/whole`).then(open, (error: Error) => setFailed(error))}
        >
          {SAY.whole}
        </button>
        <span class="faint">{SAY.wholeHint}</span>
      </p>
      {failed === null ? null : <ProblemNotice error={failed} />}
    </div>
  );
}

const WAYS: Record<InboxItem['kind'], (item: InboxItem) => DecideWay[]> = {
  decide: ({ controls }) => [
    'approve',
    'refuse',
    ...(controls.mayGrant === undefined ? [] : (['grant'] as const)),
    ...(controls.mayChange.length > 0 ? (['change'] as const) : []),
    ...(controls.mayReturn ? (['return'] as const) : []),
    ...(controls.extendUntil === null ? [] : (['extend'] as const)),
  ],
  answer: () => ['answer'],
  review: () => ['right', 'wrong'],
};

const BUTTONS: Record<DecideWay, string> = {
  approve: `${SAY.approve}…`,
  grant: `${SAY.grant}…`,
  change: `${SAY.change}…`,
  refuse: `${SAY.refuse}…`,
  return: `${SAY.return}…`,
  extend: `${SAY.extend}…`,
  right: `${SAY.right}…`,
  wrong: `${SAY.wrong}…`,
  answer: WORDS.inbox.kinds.answer,
};

/** Most buttons that stay in reach of a thumb while the facts are read. */
const FIRST = 2;

const TITLES: Record<InboxItem['kind'], string> = { decide: SAY.title, answer: SAY.answer, review: SAY.review };
const CLASSES: Partial<Record<DecideWay, string>> = {
  approve: 'primary',
  right: 'primary',
  refuse: 'danger',
  wrong: 'danger',
};

/** @param props `decided` gets the result, because the item then disappears from the list. */
export function DecidePanel({ item, decided }: { item: InboxItem; decided(conflict: string | null): void }) {
  const queries = useQueryClient();
  const [way, setWay] = useState<DecideWay | null>(null);
  const [opened, setOpened] = useState<Opened | null>(null);
  const here = item.kind !== 'decide' || item.controls.via.includes('console');
  const ways = WAYS[item.kind](item);
  const more = ways.slice(FIRST);
  const button = (one: DecideWay) => (
    <button key={one} type="button" class={CLASSES[one]} onClick={() => setWay(one)}>
      {BUTTONS[one]}
    </button>
  );
  const done = (conflict: string | null): void => {
    setWay(null);
    decided(conflict);
    for (const queryKey of [['inbox'], ['grants'], ['action', item.id], ['actions'], ['fresh']])
      void queries.invalidateQueries({ queryKey });
  };
  return (
    <section class="card stack-s" aria-labelledby="deciding">
      <h2 id="deciding">{TITLES[item.kind]}</h2>
      <Asked item={item} />
      {item.kind === 'decide' && item.withheld > 0 ? <p>{SAY.withheld(item.withheld)}</p> : null}
      {item.kind === 'answer' ? null : <Whole id={item.id} opened={opened} open={setOpened} />}
      {here ? (
        <>
          {more.length === 0 ? null : <p class="row">{more.map(button)}</p>}
          <div class="deciding">{ways.slice(0, FIRST).map(button)}</div>
        </>
      ) : (
        <p class="note" data-tone="warn">
          {SAY.otherDoor(item.controls.via.join(', '))}
        </p>
      )}
      {way === null ? null : (
        <DecideForm
          item={item}
          way={way}
          shown={opened === null ? null : { hash: opened.shown.hash, renderer: opened.shown.renderer }}
          close={() => setWay(null)}
          done={done}
        />
      )}
    </section>
  );
}
