/** People's answers to a finding, and the form for one. An answer is sealed, and shown with the finding from then on. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'preact/hooks';
import type { FindingView } from '../../../contract/views/index.ts';
import { post } from '../api.ts';
import { SubmitForm } from '../ui/form.tsx';
import { Badge, PersonName, Time } from '../ui/pieces.tsx';
import type { Tone } from '../view/tones.ts';
import { WORDS } from '../words.ts';

const SAY = WORDS.findings;
const TONES: Readonly<Record<string, Tone>> = { explained: 'good', confirmed: 'bad', open: 'warn' };

export function Answers({ answers }: { answers: FindingView['answers'] }) {
  return (
    <ul class="stack-s">
      {answers.map(({ by, at, conclusion, reason, record }) => (
        <li key={record}>
          <Badge tone={TONES[conclusion] ?? 'quiet'}>{conclusion}</Badge> <PersonName id={by} />, <Time at={at} />: “
          {reason}”
        </li>
      ))}
    </ul>
  );
}

export function AnswerForm({ id }: { id: string }) {
  const queries = useQueryClient();
  const [conclusion, setConclusion] = useState('explained');
  const [reason, setReason] = useState('');
  const [failed, setFailed] = useState<string | null>(null);
  const submit = async (): Promise<void> => {
    try {
      await post(`/v1/findings/${encodeURIComponent(id)}/answers`, { conclusion, reason: reason.trim() });
      setReason('');
      setFailed(null);
      await queries.invalidateQueries({ queryKey: ['findings'] });
    } catch (error) {
      setFailed(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <details class="no-print">
      <summary>{SAY.answer}</summary>
      <SubmitForm class="stack-s" submit={() => void submit()}>
        <label class="field">
          <span>{SAY.conclusion}</span>
          <select value={conclusion} onChange={(event) => setConclusion(event.currentTarget.value)}>
            {Object.entries(SAY.conclusions).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{SAY.foundOut}</span>
          <textarea
            required
            maxLength={2000}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <span class="hint">{WORDS.deciding.reasonRequired}</span>
        </label>
        {failed === null ? null : (
          <p class="note" data-tone="bad" role="alert">
            {failed}
          </p>
        )}
        <p>
          <button type="submit">{SAY.seal}</button>
        </p>
      </SubmitForm>
    </details>
  );
}
