/** The actions of a report, one after the other. */
import type { DecisionRecord, Json, OtherRecord, Verdict } from '../contract/index.ts';
import { html, type Html } from './html.ts';
import { actorText, isErased, RELEASED_BY, surfaceOf, whatOf, type Chapter, type Ending, type Story } from './story.ts';
import { labelOf, textOf } from './values.ts';
import type { ExportRecord } from './line.ts';

export const ENDING_TONE: Record<Ending, 'good' | 'bad' | 'wait'> = {
  executed: 'good',
  released: 'good',
  skipped: 'wait',
  failed: 'bad',
  unreported: 'bad',
  waiting: 'wait',
  'refused by policy': 'bad',
  'refused by a person': 'bad',
  expired: 'wait',
  withdrawn: 'wait',
};

/** `2026-11-21 10:00:00 UTC`; what is no time stays as it is. */
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

export function actionSection(story: Story): Html {
  const { id, verdict, decisions, rejudged, release, outcomes, others, ending, records } = story;
  return html`<section class="action" id="${id}">
    <header>
      <h3>${whatOf(story)}</h3>
      <span class="badge ${ENDING_TONE[ending]}">${ending}</span><span class="id mono">${id}</span>
    </header>
    <dl class="facts">
      ${
        verdict === null
          ? null
          : html`<dt>Asked by</dt>
              <dd>${actorText(verdict.actor)}, ${timeText(verdict.at)}</dd>`
      }
      <dt>On</dt>
      <dd>${surfaceOf(story)}</dd>
      ${verdict === null ? null : asked(verdict.disclosed, Object.keys(verdict.commitments).length)}
      ${verdict === null ? null : judged('Judged', verdict.verdict)}
      ${verdict?.observed == null ? null : judged('Would have been', verdict.observed)}
      ${rejudged.map(({ verdict: again, at }) => judged(`Judged again, ${timeText(at)}`, again))}
      ${release?.rejudged == null ? null : judged('Judged again at release', release.rejudged.verdict)}
      ${
        release === null
          ? null
          : html`<dt>Released by</dt>
              <dd>
                ${RELEASED_BY[release.basis]}; ${timeText(release.at)}, permit good until
                ${timeText(release.permit.expiresAt)}
              </dd>`
      }
      ${outcomes.map(
        ({ status, at, by, reference }) =>
          html`<dt>Outcome</dt>
            <dd>
              ${status}${by === null ? '' : `, reported by ${by}`}${reference === null ? '' : ` as ${reference}`},
              ${timeText(at)}
            </dd>`,
      )}
      ${
        isErased(story)
          ? html`<dt>Payload</dt>
              <dd>was deleted, with its key; every record and proof stays</dd>`
          : null
      }
    </dl>
    ${
      decisions.length === 0
        ? null
        : html`<h4>Who decided what, and why</h4>
            <ol class="steps">
              ${decisions.map(({ record }) => decision(record))}
            </ol>`
    }
    ${
      others.length === 0
        ? null
        : html`<h4>Afterwards</h4>
            <ol class="steps">
              ${others.map(afterwards)}
            </ol>`
    }
    ${proofs(records)}
  </section> `;
}

function asked(disclosed: Record<string, Json>, withheld: number): Html {
  const values = Object.entries(disclosed);
  const kept = withheld === 0 ? '' : `${withheld} ${withheld === 1 ? 'value' : 'values'} as commitments only`;
  return html`<dt>What</dt>
    <dd>
      ${values.map(
        ([path, value], i) => html`${i === 0 ? '' : ', '}${labelOf(path)} <b>${textOf(value)}</b>`,
      )}${kept === '' ? '' : values.length === 0 ? kept : `; ${kept}`}
    </dd>`;
}

function judged(label: string, { decision: said, basis, policy, rule, bundle, reasons, changes, mode }: Verdict): Html {
  const by = policy === null ? 'no policy' : rule === null ? `policy ${policy}` : `policy ${policy}, rule ${rule}`;
  return html`<dt>${label}</dt>
    <dd>
      <b>${said}</b> by
      ${by}${basis === 'rule' ? '' : ` (${basis.replaceAll('_', ' ')})`}${
        mode === 'observe' ? ', observing' : ''
      }${reasons.length === 0 ? null : html`<span class="reason">${reasons.join('; ')}</span>`}${
        changes === null ? null : html`<span class="reason">changed: <code>${JSON.stringify(changes)}</code></span>`
      }${bundle === null ? null : html`<span class="reason proof mono">${bundle}</span>`}
    </dd>`;
}

function decision(record: DecisionRecord): Html {
  const { at, by, via, stage, reason, changes, delegation, until, added, assurance } = record;
  const who = by === 'countersign' ? '' : `${by} `;
  const stood = delegation === null ? '' : `, standing in for ${delegation.from}`;
  const where = via === 'engine' ? '' : `, stage ${stage + 1}, via ${via}`;
  const more = [
    ...(until === null ? [] : [`until ${timeText(until)}`]),
    ...(added === null ? [] : [`asked ${added.join(', ')}`]),
    ...(assurance === null ? [] : ['with a passkey']),
  ].join(', ');
  return html`<li>
    <span class="when">${timeText(at)}</span
    ><br />${who}<b>${DECIDED[record.decision]}</b>${stood}${where}${more === '' ? '' : `: ${more}`}${
      changes === null ? null : html`<span class="reason">changed: ${Object.entries(changes).map(changed)}</span>`
    }${quoted(reason)}
  </li>`;
}

/** Undisclosed values stand as commitments, which say nothing to a reader. */
function changed([path, { from, to }]: [string, { from: Json; to: Json }], i: number): Html {
  const hidden = [from, to].every((value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value));
  const values = hidden ? 'not disclosed' : `${textOf(from)} → ${textOf(to)}`;
  return html`${i === 0 ? '' : ', '}${labelOf(path)} ${values}`;
}

const quoted = (reason: string | null): Html | null =>
  reason === null ? null : html`<span class="reason"><q>${reason}</q></span>`;

function afterwards({ type, at, by, reason, body }: OtherRecord): Html {
  const who = by ?? 'the engine';
  const did =
    type === 'reconcile'
      ? `settled it as ${textOf(body['status'] ?? null)}`
      : type === 'review'
        ? reviewText(body)
        : type === 'key'
          ? 'deleted the payload and its key'
          : `made a ${type} record`;
  return html`<li><span class="when">${timeText(at)}</span><br />${who} <b>${did}</b>${quoted(reason)}</li>`;
}

function reviewText(body: OtherRecord['body']): string {
  if (body['state'] === 'overdue') return 'noted that its review is overdue';
  return body['right'] === true
    ? 'reviewed it: the emergency justified it'
    : 'reviewed it: the emergency did not justify it';
}

const TITLES: Partial<Record<OtherRecord['type'], string>> = {
  policy: 'Policy brought into force',
  key: 'Signing keys',
  freeze: 'Freeze',
  export: 'Export',
};

export function chapterSection({ id, type, entries, records }: Chapter): Html {
  return html`<section class="action" id="${id}">
    <header>
      <h3>${TITLES[type] ?? type}</h3>
      <span class="badge">record</span><span class="id mono">${id}</span>
    </header>
    <ol class="steps">
      ${entries.map(
        ({ record: { at, by, reason, body } }) =>
          html`<li>
            <span class="when">${timeText(at)}</span><br />${by ?? 'the engine'}<span class="reason mono"
              >${JSON.stringify(body)}</span
            >${quoted(reason)}
          </li>`,
      )}
    </ol>
    ${proofs(records)}
  </section> `;
}

function proofs(records: readonly ExportRecord[]): Html {
  return html`<h4>Records</h4>
    <div class="scroll">
      <table class="proof mono">
        <tbody>
          ${records.map(
            ({ index, hash, record }) =>
              html`<tr>
                <td class="nowrap">entry ${index}</td>
                <td>${record.type}</td>
                <td class="nowrap">${timeText(record.at)}</td>
                <td>${hash}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}
