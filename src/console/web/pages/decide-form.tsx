/** The form of one decision: its reason, its changes or its time; sent once, and only by its own button. */
import { useState } from 'preact/hooks';
import { Link } from 'wouter';
import type { InboxItem } from '../../../contract/views/index.ts';
import { ApiProblem, post } from '../api.ts';
import { Dialog } from '../ui/dialog.tsx';
import { SubmitForm } from '../ui/form.tsx';
import { Time } from '../ui/pieces.tsx';
import { instantAt, minuteOf } from '../view/times.ts';
import { WORDS } from '../words.ts';
import { useZone } from '../zone.tsx';

const SAY = WORDS.deciding;

export type DecideWay = 'approve' | 'grant' | 'change' | 'refuse' | 'return' | 'extend' | 'right' | 'wrong' | 'answer';

/** The full content, if it was opened. The decision rests on it. */
export interface ShownWhole {
  hash: string;
  renderer: string;
}

interface Filled {
  reason: string;
  values: Record<string, string>;
  until: string;
  uses: string;
  upTo: string;
}

const TITLES: Record<DecideWay, string> = {
  approve: SAY.approve,
  grant: SAY.grant,
  change: SAY.change,
  refuse: SAY.refuse,
  return: SAY.return,
  extend: SAY.extend,
  right: SAY.right,
  wrong: SAY.wrong,
  answer: SAY.send,
};

/** Numbers stay numbers, as the policy reads them; everything else is text. */
function changesOf({ controls }: InboxItem, values: Readonly<Record<string, string>>): Record<string, string | number> {
  return Object.fromEntries(
    controls.mayChange.flatMap(({ path, kind, value }) => {
      const given = values[path]?.trim() ?? '';
      return given === '' || given === value ? [] : [[path, kind === 'number' ? Number(given) : given]];
    }),
  );
}

function bodyOf(item: InboxItem, way: DecideWay, { reason, values, until, uses, upTo }: Filled, zone: string): object {
  const said = reason.trim() === '' ? {} : { reason: reason.trim() };
  switch (way) {
    case 'change':
      return { decision: 'approve', stage: item.stage, ...said, changes: changesOf(item, values) };
    case 'grant': {
      const bounds = { until: instantAt(until, zone) ?? until, uses: Number(uses) };
      const money = item.controls.mayGrant?.upTo == null ? {} : { upTo: upTo.trim() };
      return { decision: 'approve', stage: item.stage, ...said, grant: { ...bounds, ...money } };
    }
    case 'extend':
      return { decision: 'extend', stage: item.stage, ...said, until: instantAt(until, zone) ?? until };
    default:
      return { decision: way, stage: item.stage, ...said };
  }
}

/** Signs the decision that the server will seal with the person's own passkey. */
async function signed(id: string, body: object): Promise<object> {
  const { startAuthentication } = await import('@simplewebauthn/browser');
  type Options = Parameters<typeof startAuthentication>[0]['optionsJSON'];
  const { options } = await post<{ options: Options }>(`/v1/actions/${id}/decision-options`, body).catch(
    (error: unknown) => {
      throw error instanceof ApiProblem && error.status === 404 ? new Error(SAY.passkeyMissing) : error;
    },
  );
  try {
    const { id: credential, type, response } = await startAuthentication({ optionsJSON: options });
    return { ...body, passkey: { id: credential, type, response } };
  } catch (error) {
    throw new Error(SAY.passkeyFailed, { cause: error });
  }
}

async function send(
  item: InboxItem,
  way: DecideWay,
  filled: Filled,
  zone: string,
  shown: ShownWhole | null,
): Promise<void> {
  const at = `/v1/actions/${item.id}`;
  if (way === 'right' || way === 'wrong') {
    await post(`${at}/review`, { right: way === 'right', reason: filled.reason.trim() });
  } else if (way === 'answer') {
    await post(`${at}/answer`, { text: filled.reason.trim() });
  } else {
    const body = { ...bodyOf(item, way, filled, zone), ...(shown === null ? {} : { shown }) };
    const passkey = item.stages[item.stage]?.passkey === true;
    await post(`${at}/decisions`, passkey ? await signed(item.id, body) : body);
  }
}

const LABELS: Partial<Record<DecideWay, string>> = { return: SAY.question, answer: SAY.reply };

/** The last minute that policy allows. */
const latestGrant = ({ controls }: InboxItem): string =>
  new Date(Date.now() + (controls.mayGrant?.within ?? 0) * 1000).toISOString();

/** Until when, how many and how much in all: prefilled with the most that policy allows. */
function GrantBounds({ item, filled, fill }: { item: InboxItem; filled: Filled; fill(filled: Filled): void }) {
  const { zone } = useZone();
  const bounds = item.controls.mayGrant;
  if (bounds === undefined) return null;
  return (
    <>
      <p>{SAY.grantText(item.actor.name ?? item.actor.id)}</p>
      <label class="field">
        <span>{SAY.until}</span>
        <input
          type="datetime-local"
          required
          value={filled.until}
          onKeyDown={onlyTheButton}
          onInput={(event) => fill({ ...filled, until: event.currentTarget.value })}
        />
        <span class="hint">{SAY.untilHint(zone)}</span>
      </label>
      <label class="field">
        <span>{SAY.uses}</span>
        <input
          type="number"
          required
          min={1}
          max={bounds.uses}
          value={filled.uses}
          onKeyDown={onlyTheButton}
          onInput={(event) => fill({ ...filled, uses: event.currentTarget.value })}
        />
      </label>
      {bounds.upTo === null ? null : (
        <label class="field">
          <span>{SAY.inAll}</span>
          <input
            type="text"
            inputMode="decimal"
            required
            value={filled.upTo}
            onKeyDown={onlyTheButton}
            onInput={(event) => fill({ ...filled, upTo: event.currentTarget.value })}
          />
          <span class="hint">{SAY.atMost(`${bounds.upTo} ${bounds.currency ?? ''}`.trim())}</span>
        </label>
      )}
    </>
  );
}

/** Enter in a field sends nothing: only the button decides. */
const onlyTheButton = (event: KeyboardEvent): void => {
  if (event.key === 'Enter') event.preventDefault();
};

export function DecideForm({
  item,
  way,
  shown,
  close,
  done,
}: {
  item: InboxItem;
  way: DecideWay;
  shown: ShownWhole | null;
  close(): void;
  done(conflict: string | null): void;
}) {
  const { zone } = useZone();
  const [filled, setFilled] = useState<Filled>({
    reason: '',
    values: Object.fromEntries(item.controls.mayChange.map(({ path, value }) => [path, value ?? ''])),
    until: minuteOf(way === 'grant' ? latestGrant(item) : (item.controls.extendUntil ?? item.due), zone),
    uses: String(item.controls.mayGrant?.uses ?? 1),
    upTo: item.controls.mayGrant?.upTo ?? '',
  });
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const optional = ['approve', 'grant', 'change', 'extend'].includes(way) && item.controls.approveReason === 'optional';
  const submit = async (): Promise<void> => {
    setBusy(true);
    setFailed(null);
    try {
      await send(item, way, filled, zone, shown);
      done(null);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      if (error instanceof ApiProblem && ['not-open', 'already-decided', 'conflict'].includes(error.type)) done(said);
      else setFailed(said);
    }
    setBusy(false);
  };
  return (
    <Dialog title={TITLES[way]} close={close}>
      <SubmitForm class="stack-s" submit={() => void submit()}>
        <p class="soft">{item.summary}</p>
        {way === 'change'
          ? item.controls.mayChange.map(({ path, label }) => (
              <label key={path} class="field">
                <span>{SAY.newValue(label)}</span>
                <input
                  type="text"
                  inputMode={label.includes('amount') ? 'decimal' : 'text'}
                  value={filled.values[path] ?? ''}
                  onKeyDown={onlyTheButton}
                  onInput={(event) =>
                    setFilled({ ...filled, values: { ...filled.values, [path]: event.currentTarget.value } })
                  }
                />
              </label>
            ))
          : null}
        {way === 'grant' ? <GrantBounds item={item} filled={filled} fill={setFilled} /> : null}
        {way === 'extend' ? (
          <label class="field">
            <span>{SAY.until}</span>
            <input
              type="datetime-local"
              required
              value={filled.until}
              onKeyDown={onlyTheButton}
              onInput={(event) => setFilled({ ...filled, until: event.currentTarget.value })}
            />
            <span class="hint">
              {SAY.untilHint(zone)} {SAY.latest}: <Time at={item.controls.extendUntil} />
            </span>
          </label>
        ) : null}
        <label class="field">
          <span>{LABELS[way] ?? SAY.reason}</span>
          <textarea
            required={!optional}
            maxLength={2000}
            value={filled.reason}
            onInput={(event) => setFilled({ ...filled, reason: event.currentTarget.value })}
          />
          <span class="hint">{optional ? SAY.reasonOptional : SAY.reasonRequired}</span>
        </label>
        {way === 'approve' || way === 'grant' || way === 'change' ? <p>{item.responsibility}</p> : null}
        {item.stages[item.stage]?.passkey === true && item.kind === 'decide' ? (
          <p class="soft">
            {SAY.passkey} <Link href="/settings">{SAY.passkeySettings}</Link>
          </p>
        ) : null}
        {failed === null ? null : (
          <p class="note" data-tone="bad" role="alert">
            {failed}
          </p>
        )}
        <div class="row">
          <button
            type="submit"
            class={way === 'refuse' || way === 'wrong' ? 'danger solid' : 'primary'}
            disabled={busy}
          >
            {TITLES[way]}
          </button>
          <button type="button" onClick={close}>
            {SAY.cancel}
          </button>
        </div>
      </SubmitForm>
    </Dialog>
  );
}
