/** The actions of a report, one after the other. */
import { ENGINE_ID, ENGINE_VIA } from '../contract/engine-names.ts';
import { HASH_PATTERN } from '../canonical/index.ts';
import {
  presenceIn,
  type DecisionRecord,
  type Json,
  type JsonObject,
  type OtherRecord,
  type OutcomeRecord,
  type Presence,
  type Verdict,
  type VerdictRecord,
} from '../contract/index.ts';
import { RENDERING_WITHOUT_MONEY, RENDERING_WITHOUT_PRESENCE } from './body.ts';
import { fact, markup, type Html } from './html.ts';
import { actorText, isErased, RELEASED_BY, surfaceOf, whatOf, type Chapter, type Ending, type Story } from './story.ts';
import { STAGES, UNDISCLOSED, type Money, type Stage } from './money.ts';
import { inCurrency, labelOf, textOf } from './values.ts';
import type { ExportRecord } from './line.ts';

export const ENDING_TONE: Record<Ending, 'good' | 'bad' | 'wait'> = {
  executed: 'good',
  released: 'good',
  skipped: 'wait',
  failed: 'bad',
  unreported: 'bad',
  lapsed: 'wait',
  waiting: 'wait',
  'refused by policy': 'bad',
  'refused by a person': 'bad',
  expired: 'wait',
  withdrawn: 'wait',
};

/** `2026-11-21 10:00:00 UTC`. Text that is not a time stays unchanged. */
export function timeText(at: string): string {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(at) ?? [];
  return day === undefined || time === undefined ? at : `${day} ${time} UTC`;
}

const DECIDED: Record<DecisionRecord['decision'], string> = {
  approve: 'approved',
  refuse: 'refused',
  return: 'asked the requester for more',
  extend: 'extended the wait',
  expired: 'nobody decided in time: closed',
  cancelled: 'withdrew it',
  answered: 'answered what was asked',
  escalated: 'nobody had decided: more people were asked',
};

export function actionSection(story: Story, money: Money | null, rendering: number): Html {
  const { id, verdict, decisions, rejudged, release, redemption, outcomes, others, ending, records } = story;
  const again = release?.rejudged?.verdict;
  // The first rendering had no such lines, not even empty ones.
  const line = (content: Html | null): Html | null =>
    rendering === RENDERING_WITHOUT_MONEY ? null : markup`${content}\n`;
  return markup`<section class="action" id="${id}">
<header><h3>${whatOf(story, money, rendering)}</h3><span class="badge ${ENDING_TONE[ending]}">${ending}</span><span class="id mono">${id}</span></header>
<dl class="facts">
${verdict === null ? null : fact('Asked by', `${actorText(verdict.actor)}, ${timeText(verdict.at)}`)}
${fact('On', surfaceOf(story))}
${verdict === null ? null : fact('What', asked(verdict.disclosed, Object.keys(verdict.commitments).length))}
${line(amounts(money))}${takesBack(verdict, rendering)}${verdict === null ? null : fact('Judged', judged(verdict.verdict))}
${verdict?.observed == null ? null : fact('Would have been', judged(verdict.observed))}
${rejudged.map((later) => fact('Judged again', markup`${timeText(later.at)}: ${judged(later.verdict)}`))}
${again === undefined ? null : fact('At release', isSame(again, verdict?.verdict) ? markup`judged again: <b>${again.decision}</b>, by the same rule and bundle` : judged(again))}
${release === null ? null : fact('Released by', `${RELEASED_BY[release.basis]}; ${timeText(release.at)}, permit good until ${timeText(release.permit.expiresAt)}`)}
${line(redemption === null ? null : fact('Redeemed by', `${redemption.by}; ${timeText(redemption.at)}`))}${outcomes.map((outcome) => fact('Outcome', outcomeText(outcome)))}
${isErased(story) ? fact('Payload', 'was deleted, with its key; every record and proof stays') : null}
</dl>
${decisions.length === 0 ? null : markup`<h4>Who decided what, and why</h4><ol class="steps">${decisions.map(({ record }) => decision(record, rendering))}</ol>`}
${others.length === 0 ? null : markup`<h4>Afterwards</h4><ol class="steps">${others.map(afterwards)}</ol>`}
${proofs(records)}
</section>
`;
}

/** The action that this one takes back, where it says so. */
function takesBack(verdict: VerdictRecord | null, rendering: number): Html | null {
  const reverses = verdict?.reverses;
  if (reverses === undefined || rendering <= RENDERING_WITHOUT_PRESENCE) return null;
  return markup`${fact('Takes back', markup`<a class="mono" href="#${reverses}">${reverses}</a>`)}\n`;
}

/** Asked, approved, released and executed; nothing where no amount is known. */
function amounts(money: Money | null): Html | null {
  const stages = money === null ? [] : STAGES.filter((stage) => money[stage] !== null);
  if (money === null || stages.length === 0) return null;
  const text = (stage: Stage): string => {
    const amount = money[stage];
    return amount === UNDISCLOSED ? 'not disclosed' : inCurrency(amount ?? '', money.currency);
  };
  return fact('Amounts', stages.map((stage) => `${stage} ${text(stage)}`).join(', '));
}

function asked(disclosed: Record<string, Json>, withheld: number): Html {
  const values = Object.entries(disclosed).map(
    ([path, value], i) => markup`${i === 0 ? '' : ', '}${labelOf(path)} <b>${textOf(value)}</b>`,
  );
  const hidden = withheld === 1 ? '1 value as a commitment only' : `${withheld} values as commitments only`;
  if (withheld === 0) return markup`${values}`;
  return markup`${values}${values.length === 0 ? '' : '; '}${hidden}`;
}

const isSame = (one: Verdict, other: Verdict | undefined): boolean =>
  one.decision === other?.decision &&
  one.rule === other.rule &&
  one.policy === other.policy &&
  one.bundle === other.bundle;

function judged({ decision: said, basis, policy, rule, bundle, reasons, changes, mode }: Verdict): Html {
  const by = policy === null ? 'no policy' : `policy ${policy}${rule === null ? '' : `, rule ${rule}`}`;
  const why = `${basis === 'rule' ? '' : ` (${basis.replaceAll('_', ' ')})`}${mode === 'observe' ? ', observing' : ''}`;
  return markup`<b>${said}</b> by ${by}${why}${
    reasons.length === 0 ? null : markup`<span class="reason">${reasons.join('; ')}</span>`
  }${changes === null ? null : markup`<span class="reason">changed: <code>${JSON.stringify(changes)}</code></span>`}${
    bundle === null ? null : markup`<span class="reason proof mono">${bundle}</span>`
  }`;
}

const outcomeText = ({ status, at, by, reference }: OutcomeRecord): string =>
  `${status}${by === null ? '' : `, reported by ${by}`}${reference === null ? '' : ` as ${reference}`}, ${timeText(at)}`;

function decision(record: DecisionRecord, rendering: number): Html {
  const { at, by, via, stage, reason, changes, delegation, until, added, assurance } = record;
  const who = by === ENGINE_ID ? '' : `${by} `;
  const stood = delegation === null ? '' : `, standing in for ${delegation.from}`;
  const where = via === ENGINE_VIA ? '' : `, stage ${stage + 1}, via ${via}`;
  const passkeyWords = assurance === null ? [] : ['with a passkey'];
  const more = [
    ...(until === null ? [] : [`until ${timeText(until)}`]),
    ...(added === null ? [] : [`asked ${added.join(', ')}`]),
    ...(rendering <= RENDERING_WITHOUT_PRESENCE ? passkeyWords : presenceWords(presenceIn(record))),
  ].join(', ');
  const values =
    changes === null ? null : markup`<span class="reason">changed: ${Object.entries(changes).map(changed)}</span>`;
  return markup`<li><span class="when">${timeText(at)}</span><br>${who}<b>${DECIDED[record.decision]}</b>${stood}${where}${
    more === '' ? '' : `: ${more}`
  }${values}${quoted(reason)}</li>`;
}

const PRESENCE_WORDS: Record<Presence, string> = {
  passkey: 'with their passkey',
  click: 'by a click',
  token: 'with a token',
};
const presenceWords = (presence: Presence | null): string[] => (presence === null ? [] : [PRESENCE_WORDS[presence]]);

/** Undisclosed values are commitments, which tell a reader nothing. */
function changed([path, { from, to }]: [string, { from: Json; to: Json }], i: number): Html {
  const hidden = [from, to].every((value) => typeof value === 'string' && HASH_PATTERN.test(value));
  const values = hidden ? 'not disclosed' : `${textOf(from)} → ${textOf(to)}`;
  return markup`${i === 0 ? '' : ', '}${labelOf(path)} ${values}`;
}

const quoted = (reason: string | null): Html | null =>
  reason === null ? null : markup`<span class="reason"><q>${reason}</q></span>`;

function deedText(type: OtherRecord['type'], body: JsonObject): string {
  switch (type) {
    case 'reconcile':
      return `settled it as ${textOf(body['status'] ?? null)}`;
    case 'review':
      return reviewText(body);
    case 'key':
      return 'deleted the payload and its key';
    default:
      return `made a ${type} record`;
  }
}

function afterwards({ type, at, by, reason, body }: OtherRecord): Html {
  const did = deedText(type, body);
  return markup`<li><span class="when">${timeText(at)}</span><br>${by ?? 'the engine'} <b>${did}</b>${quoted(reason)}</li>`;
}

function reviewText(body: OtherRecord['body']): string {
  if (body['state'] === 'overdue') return 'noted that its review is overdue';
  const right = body['right'] === true ? 'justified' : 'did not justify';
  return `reviewed it: the emergency ${right} it`;
}

const TITLES: Partial<Record<OtherRecord['type'], string>> = {
  policy: 'Policy brought into force',
  key: 'Signing keys',
  freeze: 'Freeze',
  export: 'Export',
};

export function chapterSection({ id, type, entries, records }: Chapter): Html {
  const steps = entries.map(
    ({ record: { at, by, reason, body } }) =>
      markup`<li><span class="when">${timeText(at)}</span><br>${by ?? 'the engine'}<span class="reason mono">${JSON.stringify(body)}</span>${quoted(reason)}</li>`,
  );
  return markup`<section class="action" id="${id}">
<header><h3>${TITLES[type] ?? type}</h3><span class="badge">no action</span><span class="id mono">${id}</span></header>
<ol class="steps">${steps}</ol>
${proofs(records)}
</section>
`;
}

function proofs(records: readonly ExportRecord[]): Html {
  const rows = records.map(
    ({ index, hash, record: { type, at } }) =>
      markup`<tr><td>entry ${index}</td><td>${type}</td><td>${timeText(at)}</td><td>${hash}</td></tr>`,
  );
  return markup`<h4>Records</h4><table class="proof mono"><tbody>${rows}</tbody></table>`;
}
