/** The log in one sentence: how long it is, and how much of it the tables here include. */
import { useQuery } from '@tanstack/react-query';
import type { LogStateView, Me } from '../../../contract/views/index.ts';
import { askActions, getText, readMe } from '../api.ts';
import { useLogState } from '../log-alarm.tsx';
import { minuteIn } from '../view/times.ts';
import { WORDS } from '../words.ts';
import { useZone } from '../zone.tsx';

export interface ReadCheckpoint {
  origin: string;
  size: number;
  root: string;
  /** Everybody who signed it: the log, and witnesses. */
  signers: string[];
  note: string;
}

/** C2SP signed note: three lines, an empty one, and signatures. */
export function checkpointIn(note: string): ReadCheckpoint {
  const [text = '', signatures = ''] = note.split('\n\n');
  const [origin = '', size = '', root = ''] = text.split('\n');
  const signers = signatures.split('\n').flatMap((line) => {
    const name = /^— (\S+) /.exec(line)?.[1];
    return name === undefined ? [] : [name];
  });
  return { origin, size: Number(size), root, signers, note };
}

export function useLog() {
  const me = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal) }).data as Me | undefined;
  return useQuery({
    queryKey: ['log', me?.tenant],
    enabled: me !== undefined,
    queryFn: async ({ signal }) => {
      const [note, list] = await Promise.all([
        getText(`/log/${encodeURIComponent(me?.tenant ?? '')}/checkpoint`, signal),
        askActions({ limit: '1' }, signal),
      ]);
      return { checkpoint: checkpointIn(note), asOf: list.asOf };
    },
  });
}

function howFarRead({ verifies, checked, reading }: LogStateView, zone: string): string {
  if (verifies === true && checked !== null) {
    return WORDS.log.checked(checked.size, `${minuteIn(checked.at, zone)} ${zone}`);
  }
  return verifies === null && reading !== null ? WORDS.log.reading(reading.at, reading.size) : '';
}

export function LogSentence() {
  const log = useLog();
  const { zone } = useZone();
  const state = useLogState().data;
  if (log.data === undefined) return null;
  const { checkpoint, asOf } = log.data;
  const witnesses = checkpoint.signers.filter((name) => name !== checkpoint.origin);
  const said = WORDS.log.sentence(checkpoint.origin, checkpoint.size, witnesses, asOf.logSize - asOf.size);
  return (
    <p class="soft">
      {said} {state === undefined ? '' : howFarRead(state, zone)}
    </p>
  );
}
