/** A reader's own settings: the zone, their passkeys, their sessions, and the keys that they trust. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'preact/hooks';
import type { PasskeyView, SessionView } from '../../../contract/views/index.ts';
import { get, post, readMe, remove } from '../api.ts';
import { pinKeys, pinnedKeys, pinsIn, unpinKeys } from '../pins.ts';
import { SubmitForm } from '../ui/form.tsx';
import { Badge, PageHead, ProblemNotice, Time } from '../ui/pieces.tsx';
import { WORDS } from '../words.ts';
import { ZonePicker } from '../zone.tsx';

const SAY = WORDS.settings;

async function enrol(name: string): Promise<void> {
  const { startRegistration } = await import('@simplewebauthn/browser');
  type Options = Parameters<typeof startRegistration>[0]['optionsJSON'];
  const optionsJSON = await post<Options>('/v1/passkeys/options', {});
  const response = await startRegistration({ optionsJSON });
  await post('/v1/passkeys', { response, ...(name.trim() === '' ? {} : { name: name.trim() }) });
}

function Passkeys({ person }: { person: string }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [failed, setFailed] = useState<Error | null>(null);
  const read = useQuery({
    queryKey: ['passkeys'],
    queryFn: ({ signal }) => get<{ passkeys: PasskeyView[] }>('/v1/passkeys', signal),
  });
  const then = (doing: Promise<void>): void => {
    setFailed(null);
    void doing
      .catch((error: unknown) => setFailed(error instanceof Error ? error : new Error(String(error))))
      .then(() => queries.invalidateQueries({ queryKey: ['passkeys'] }));
  };
  const mine = (read.data?.passkeys ?? []).filter((one) => one.person === person && one.revokedAt === null);
  return (
    <section class="card stack-s">
      <h2>{SAY.passkeys}</h2>
      <p class="soft">{SAY.passkeysHint}</p>
      {mine.length === 0 ? <p class="faint">{SAY.noPasskey}</p> : null}
      <ul class="stack-s">
        {mine.map((one) => (
          <li key={one.id} class="row">
            <strong>{one.name ?? one.credential.slice(0, 12)}</strong>
            <span class="faint">
              <Time at={one.createdAt} />
            </span>
            <button
              type="button"
              class="danger row-end"
              onClick={() => then(remove(`/v1/passkeys/${encodeURIComponent(one.id)}`, { reason: SAY.revokeReason }))}
            >
              {SAY.revoke}
            </button>
          </li>
        ))}
      </ul>
      <SubmitForm class="row" submit={() => then(enrol(name))}>
        <label class="field">
          <span>{SAY.passkeyName}</span>
          <input type="text" maxLength={100} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <button type="submit">{SAY.enrol}</button>
      </SubmitForm>
      {failed === null ? null : <ProblemNotice error={failed} />}
    </section>
  );
}

function Sessions() {
  const queries = useQueryClient();
  const read = useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => get<{ sessions: SessionView[] }>('/v1/sessions', signal),
  });
  return (
    <section class="card stack-s">
      <h2>{SAY.sessions}</h2>
      {read.error === null ? null : <ProblemNotice error={read.error} />}
      <ul class="stack-s">
        {(read.data?.sessions ?? []).map(({ id, person, by, createdAt, expiresAt, current }) => (
          <li key={id} class="row">
            <span>
              {person.replace(/^user:/, '')}, {SAY.by} {by}, <Time at={createdAt} /> – <Time at={expiresAt} />
            </span>
            {current ? (
              <Badge tone="accent">{SAY.current}</Badge>
            ) : (
              <button
                type="button"
                class="row-end"
                onClick={() =>
                  void remove(`/v1/sessions/${id}`).then(() => queries.invalidateQueries({ queryKey: ['sessions'] }))
                }
              >
                {SAY.end}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Pinned() {
  const [pinned, setPinned] = useState(pinnedKeys() !== null);
  const [jwks, setJwks] = useState('');
  const [vkeys, setVkeys] = useState('');
  const [wrong, setWrong] = useState(false);
  return (
    <section class="card stack-s">
      <h2>{SAY.pins}</h2>
      <p class="soft">{SAY.pinsHint}</p>
      <p>{pinned ? <Badge tone="good">{SAY.pinned}</Badge> : <Badge>{SAY.notPinned}</Badge>}</p>
      <SubmitForm
        class="stack-s"
        submit={() => {
          const pins = pinsIn(jwks, vkeys);
          setWrong(pins === null);
          if (pins === null) return;
          pinKeys(pins);
          setPinned(true);
        }}
      >
        <label class="field">
          <span>record-keys.jwks.json</span>
          <textarea class="mono" required value={jwks} onInput={(event) => setJwks(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>log.vkey</span>
          <textarea class="mono" required value={vkeys} onInput={(event) => setVkeys(event.currentTarget.value)} />
        </label>
        {wrong ? (
          <p class="note" data-tone="bad" role="alert">
            {SAY.pinsWrong}
          </p>
        ) : null}
        <p class="row">
          <button type="submit">{SAY.pin}</button>
          {pinned ? (
            <button
              type="button"
              class="danger"
              onClick={() => {
                unpinKeys();
                setPinned(false);
              }}
            >
              {SAY.unpin}
            </button>
          ) : null}
        </p>
      </SubmitForm>
    </section>
  );
}

export function SettingsPage() {
  const me = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal) }).data;
  return (
    <div class="stack">
      <PageHead title={SAY.title} />
      <div class="grid-wide">
        <section class="card stack-s">
          <h2>{WORDS.zone.label}</h2>
          <ZonePicker />
        </section>
        {me?.kind === 'person' ? <Passkeys person={me.id} /> : null}
        <Sessions />
        <Pinned />
      </div>
    </div>
  );
}
