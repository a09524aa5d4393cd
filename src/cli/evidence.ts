/** What verified receipts prove, in words, and whether they are consistent with each other. */
import { actingIds } from '../contract/acting.ts';
import { ENGINE_ID } from '../contract/engine-names.ts';
import type { DecisionRecord, OtherRecord, RecordActor, RecordPayload } from '../contract/index.ts';
import { parseCheckpoint, parseNote } from '../ledger/index.ts';
import type { VerifiedReceipt } from '../sealing/index.ts';

/** A receipt that holds by itself. */
export interface Held {
  file: string;
  verified: VerifiedReceipt;
  /** The signed note it came with. */
  checkpoint: string;
}

/** What no receipt can prove, in one sentence. */
export const NOT_PROVEN =
  'that the log shows everybody the same history (compare its checkpoints over time), that no later record of these actions exists, ' +
  'and whatever a record holds only as a commitment.';

/** A receipt, or the one inside the problem document of a refusal, as it was saved from the answer. */
export function receiptOf(value: unknown): unknown {
  const problem = value as { type?: unknown; receipt?: unknown } | null;
  return typeof problem?.type === 'string' && problem.type.endsWith(':action-refused') ? problem.receipt : value;
}

/** What one receipt proves, in sentences. */
export function describeReceipt({
  record,
  recordHash,
  index,
  size,
  origin,
  keyid,
  witnesses,
}: VerifiedReceipt): string[] {
  return [
    readable(record),
    `Proven: record ${recordHash}, number ${record.seq} of ${record.action}, was sealed with the key ${keyid},`,
    `and the log ${origin} had committed to it as entry ${index} when it held ${size}; nothing in it was changed since.`,
    ...witnesses.map(
      ({ name, time }) => `${name} saw the log like that at ${new Date(time * 1000).toISOString()}, and cosigned it.`,
    ),
  ];
}

/**
 * Contradictions between receipts that are each valid: records of an action that do not follow one another, or a log that committed to two
 * histories.
 */
export function findConflicts(held: readonly Held[]): string[] {
  return [...conflictsOfActions(held), ...conflictsOfLogs(held)];
}

function conflictsOfActions(held: readonly Held[]): string[] {
  const paths: string[] = [];
  const bySeq = new Map<string, Held>();
  const place = ({ origin, record }: VerifiedReceipt, seq: number): string =>
    JSON.stringify([origin, record.tenant, record.action, seq]);
  for (const one of held) {
    const at = place(one.verified, one.verified.record.seq);
    const other = bySeq.get(at);
    if (other !== undefined && other.verified.recordHash !== one.verified.recordHash) {
      paths.push(
        `${other.file} and ${one.file} are different records, both number ${one.verified.record.seq} of ${one.verified.record.action}`,
      );
    }
    bySeq.set(at, one);
  }
  for (const one of held) {
    const { record, index } = one.verified;
    const before = bySeq.get(place(one.verified, record.seq - 1));
    if (before === undefined) continue;
    if (record.prev !== before.verified.recordHash) {
      paths.push(`${one.file} says that another record than ${before.file} came before it`);
    } else if (index <= before.verified.index) {
      paths.push(`${one.file} stands in the log before ${before.file}, which it follows`);
    }
  }
  return paths;
}

function conflictsOfLogs(held: readonly Held[]): string[] {
  const paths: string[] = [];
  const roots = new Map<string, { file: string; root: string }>();
  const entries = new Map<string, { file: string; hash: string }>();
  for (const { file, verified, checkpoint } of held) {
    const { origin, index, size, recordHash } = verified;
    const root = Array.from(parseCheckpoint(parseNote(checkpoint).text).root).join();
    const sameSize = roots.get(`${origin} ${size}`);
    if (sameSize !== undefined && sameSize.root !== root) {
      paths.push(
        `the log ${origin} signed two histories of ${size} entries: ${sameSize.file} and ${file}; keep both and tell its operator`,
      );
    }
    roots.set(`${origin} ${size}`, { file, root });
    const samePlace = entries.get(`${origin} ${index}`);
    if (samePlace !== undefined && samePlace.hash !== recordHash) {
      paths.push(
        `the log ${origin} committed to two entries ${index}: ${samePlace.file} and ${file}; keep both and tell its operator`,
      );
    }
    entries.set(`${origin} ${index}`, { file, hash: recordHash });
  }
  return paths;
}

/** A sealed record may come from a later version, with fields that this one cannot describe. */
function readable(record: RecordPayload): string {
  try {
    return contentOf(record);
  } catch {
    return `At ${record.at} a ${record.type} record was made, whose content this version cannot put in words (see --json).`;
  }
}

/** The content of the record, in one sentence. */
function contentOf(record: RecordPayload): string {
  switch (record.type) {
    case 'verdict': {
      const { verdict, actor, surface, verb, observed } = record;
      const rule = [verdict.policy, verdict.rule].filter((part) => part !== null).join(' / ');
      const would = observed === null ? '' : `, observed only: it would have been ${observed.decision}`;
      return `At ${record.at} policy said ${verdict.decision} (${verdict.basis}${rule === '' ? '' : `: ${rule}`}) to ${chain(actor)} for ${verb} on ${surface}${would}.`;
    }
    case 'decision': {
      const who = record.by === ENGINE_ID ? 'the engine' : record.by;
      const stood = record.delegation === null ? '' : `, standing in for ${record.delegation.from}`;
      const changed = record.changes === null ? '' : `, with ${Object.keys(record.changes).join(', ')} changed`;
      const added = record.added === null ? '' : `: ${record.added.join(', ')}`;
      const until = record.until === null ? '' : ` until ${record.until}`;
      const reason = record.reason === null ? '' : `: “${record.reason}”`;
      return `At ${record.at} ${who} ${DECIDED[record.decision]} on ${record.surface}${until}${added}${changed}${stood}, via ${record.via}${reason}.`;
    }
    case 'release':
      return `At ${record.at} the action on ${record.surface} was released by ${BASIS[record.basis]}; its permit was good until ${record.permit.expiresAt}.`;
    case 'redemption':
      return record.offline === undefined
        ? `At ${record.at} ${record.by} redeemed the permit for ${record.surface}; the outcome was due by ${record.reportBy}.`
        : `At ${record.at} ${record.by} said that it had used the permit for ${record.surface} up by itself, at ${record.offline.at}.`;
    case 'outcome':
      return `At ${record.at} the outcome was ${record.status}${record.by === null ? '' : `, reported by ${record.by}`}${record.reference === null ? '' : ` as ${record.reference}`}.`;
    case 'delegation': {
      const { state, from, to, surfaces, endsAt } = record.body;
      const of = `on ${(surfaces as string[]).join(', ')} until ${String(endsAt)}`;
      const did =
        state === 'given' ? `let ${String(to)} decide for them ${of}` : `took back that ${String(to)} decides for them`;
      return `At ${record.at} ${String(from)} ${did}.`;
    }
    case 'grant': {
      const { state, surface, actor, uses, until } = record.body;
      const like = `the like of ${String(record.body['action'])} on ${String(surface)} by ${String(actor)}`;
      const what =
        state === 'given'
          ? `approved ${like}, ${String(uses)} times until ${String(until)}`
          : `revoked the standing approval of ${like}`;
      return `At ${record.at} ${record.by ?? 'the engine'} ${what}.`;
    }
    case 'drill': {
      const { state, end } = record.body;
      const what = state === 'planted' ? 'planted a drill, which is never released' : `ended a drill (${String(end)})`;
      return `At ${record.at} ${record.by ?? 'the engine'} ${what}${record.reason === null ? '' : `: “${record.reason}”`}.`;
    }
    case 'credential': {
      const { state, kind, surfaces, actors } = record.body;
      const what =
        state === 'adopted'
          ? 'sealed the credentials and delegations that were there before'
          : `${state === 'made' ? 'made' : 'revoked'} the ${String(kind)} credential ${record.action} for the surfaces ${(surfaces as string[]).join(', ')} and the actors ${(actors as string[]).join(', ')}`;
      return `At ${record.at} ${record.by ?? 'the engine'} ${what}.`;
    }
    case 'tenant':
      return `At ${record.at} ${record.by ?? 'the engine'} made the ${record.action.replace(':', ' ')}, whose records the key ${String(record.body['recordKey'])} signs.`;
    case 'directory': {
      const { what, state, userName, name, active, joined, left } = record.body;
      const who = what === 'user' ? `the person ${String(userName)}` : `the group ${String(name)}`;
      const members = [joined, left].map((list) => (Array.isArray(list) ? list.length : 0));
      const activity = active === true ? 'active' : 'inactive';
      const how = what === 'user' ? activity : `${members[0]} joined, ${members[1]} left`;
      return `At ${record.at} ${record.by ?? 'the engine'} ${state === 'deleted' ? 'deleted' : 'kept'} ${who}: ${how}.`;
    }
    case 'key': {
      const { change, use, kid, replaces, from, person, origin } = record.body;
      const [introduced, revoked] =
        use === 'passkey'
          ? [
              `brought in a passkey at ${String(origin)} of ${String(person)}`,
              `revoked the passkey of ${String(person)}`,
            ]
          : [
              `brought the ${String(use)} key ${String(kid)} into use in place of ${String(replaces)}`,
              `revoked the ${String(use)} key ${String(kid)} from entry ${String(from)} of the log on`,
            ];
      const did = change === 'introduce' ? introduced : revoked;
      return `At ${record.at} ${record.by ?? 'the engine'} ${did}${record.reason === null ? '' : `: “${record.reason}”`}.`;
    }
    case 'reconcile':
    case 'review':
    case 'policy':
    case 'freeze':
    case 'export':
    case 'finding':
    case 'statement':
      return `At ${record.at} ${record.by ?? 'the engine'} ${did(record)}${record.reason === null ? '' : `: “${record.reason}”`}.`;
  }
}

function did({ type, body }: OtherRecord): string {
  if (type === 'key' && body['state'] === 'erased') return 'had the payload of the action deleted, and its key';
  if (type === 'export' && body['what'] === 'records')
    return `exported ${String(body['records'])} records as ${String(body['format'])}`;
  if (type === 'export' && body['what'] === 'actions')
    return `exported ${String(body['rows'])} actions as ${String(body['format'])}`;
  if (type === 'export' && body['what'] === 'opening')
    return `opened ${String(body['path'])} of ${String(body['record'])}`;
  if (type === 'finding') return `said “${String(body['conclusion'])}” of a finding`;
  return `made a ${type} record`;
}

const DECIDED: Record<DecisionRecord['decision'], string> = {
  approve: 'approved the action',
  refuse: 'refused the action',
  return: 'asked the requester for more about the action',
  extend: 'extended the wait for the action',
  expired: 'closed, because nobody decided in time, the action',
  cancelled: 'withdrew the action',
  answered: 'answered what an approver asked about the action',
  escalated: 'asked more people about the action',
};

const BASIS = {
  grant: 'a standing approval that a person gave before',
  rule: 'a rule of the policy, without a human',
  override: 'a supervised override: a human decided',
  break_glass: 'break-glass: one person’s word in an emergency',
  observe: 'an observing policy, which releases whatever it would say',
} as const;

const chain = (actor: RecordActor): string => actingIds(actor).join(' for ');
