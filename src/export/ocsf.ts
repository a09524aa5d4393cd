/** Sealed records as events of the Open Cybersecurity Schema Framework (OCSF 1.6), for a SIEM. Only what a record shows goes out. */
import { ENGINE_ID } from '../contract/engine-names.ts';
import type { JsonObject, RecordPayload, RecordType, VerdictDecision } from '../contract/index.ts';
import type { ExportRecord } from './line.ts';

const VERSION = '1.6.0';

/** API Activity: what was asked for, decided, released and done. */
const API_ACTIVITY = {
  class_uid: 6003,
  class_name: 'API Activity',
  category_uid: 6,
  category_name: 'Application Activity',
};
/** Entity Management: rules, people, credentials and keys. */
const ENTITY = {
  class_uid: 3004,
  class_name: 'Entity Management',
  category_uid: 3,
  category_name: 'Identity & Access Management',
};

const CLASSES: Readonly<Record<RecordType, typeof API_ACTIVITY>> = {
  verdict: API_ACTIVITY,
  decision: API_ACTIVITY,
  release: API_ACTIVITY,
  redemption: API_ACTIVITY,
  outcome: API_ACTIVITY,
  reconcile: API_ACTIVITY,
  review: API_ACTIVITY,
  policy: ENTITY,
  freeze: ENTITY,
  key: ENTITY,
  delegation: ENTITY,
  grant: ENTITY,
  drill: API_ACTIVITY,
  credential: ENTITY,
  tenant: ENTITY,
  directory: ENTITY,
  export: ENTITY,
  finding: API_ACTIVITY,
  statement: API_ACTIVITY,
};

/** No activity of either class fits a record, so each is `Other`, with the name of its type. */
const OTHER = 99;

type Severity = 'Informational' | 'Low' | 'Medium' | 'High';
const SEVERITY: Readonly<Record<Severity, number>> = { Informational: 1, Low: 2, Medium: 3, High: 4 };

type Disposition = 'Allowed' | 'Denied' | 'Observed' | 'Other';
const ACTION: Readonly<Record<Disposition, number>> = { Allowed: 1, Denied: 2, Observed: 3, Other: OTHER };

const VERDICTS: Readonly<Record<VerdictDecision, { action: Disposition; severity: Severity }>> = {
  refuse: { action: 'Denied', severity: 'Low' },
  supervise: { action: 'Other', severity: 'Informational' },
  approve: { action: 'Allowed', severity: 'Informational' },
  constrain: { action: 'Allowed', severity: 'Informational' },
};

const DECISIONS: ReadonlyMap<string, Disposition> = new Map([
  ['approve', 'Allowed'],
  ['refuse', 'Denied'],
  ['expired', 'Denied'],
  ['cancelled', 'Denied'],
]);

/** The status of a record in OCSF's terms. */
function meaningOf(record: RecordPayload): { said: string; action: Disposition; severity: Severity } {
  switch (record.type) {
    case 'verdict': {
      const { decision, basis } = record.verdict;
      const { action, severity } = VERDICTS[decision];
      return { said: decision, action, severity: basis === 'break_glass' ? 'High' : severity };
    }
    case 'decision': {
      const action = DECISIONS.get(record.decision) ?? 'Other';
      return { said: record.decision, action, severity: 'Informational' };
    }
    case 'release': {
      const action = record.basis === 'observe' ? 'Observed' : 'Allowed';
      return { said: record.basis, action, severity: record.basis === 'break_glass' ? 'High' : 'Informational' };
    }
    case 'outcome':
      return {
        said: record.status,
        action: 'Other',
        severity: record.status === 'unreported' ? 'Medium' : 'Informational',
      };
    case 'redemption':
      return { said: 'redeemed', action: 'Allowed', severity: 'Informational' };
    default:
      return { said: record.type, action: 'Other', severity: ENTITY_SEVERITY[record.type] ?? 'Informational' };
  }
}

const ENTITY_SEVERITY: Partial<Record<RecordType, Severity>> = { key: 'Medium', policy: 'Low', freeze: 'Medium' };

/** The actor: the person that the record names, or else the one who asked. */
function actorOf(record: RecordPayload): string {
  const by = 'by' in record ? record.by : null;
  return by ?? ('actor' in record ? record.actor.id : ENGINE_ID);
}

/** One event, as a line of JSON without its newline. */
export function ocsfLine({ index, hash, record }: ExportRecord): string {
  const kind = CLASSES[record.type];
  const { said, action, severity } = meaningOf(record);
  const surface = 'surface' in record ? record.surface : record.action;
  const uid = actorOf(record);
  const reason = 'reason' in record ? record.reason : null;
  const reasons = record.type === 'verdict' ? record.verdict.reasons.join('; ') : reason;
  const event: JsonObject = {
    ...kind,
    activity_id: OTHER,
    activity_name: record.type,
    type_uid: kind.class_uid * 100 + OTHER,
    type_name: `${kind.class_name}: Other`,
    time: Date.parse(record.at),
    severity_id: SEVERITY[severity],
    severity,
    status_id: action === 'Denied' ? 2 : 1,
    status: action === 'Denied' ? 'Failure' : 'Success',
    status_detail: said,
    action_id: ACTION[action],
    action,
    ...(reasons === null || reasons === '' ? {} : { message: reasons }),
    metadata: {
      version: VERSION,
      profiles: ['security_control'],
      product: { name: 'Countersign', vendor_name: 'Countersign' },
      uid: hash,
      correlation_uid: record.action,
      log_name: record.tenant,
      sequence: index,
    },
    actor: { user: { uid, name: uid, type: uid.split(':', 1)[0] ?? '' } },
    ...(kind === ENTITY
      ? { entity: { uid: record.action, name: record.type, type: record.type } }
      : {
          api: { operation: 'verb' in record ? record.verb : record.type, request: { uid: record.action } },
          src_endpoint: { name: 'via' in record ? record.via : 'api' },
          resources: [{ uid: surface, type: 'surface' }],
        }),
    ...('disclosed' in record ? { unmapped: record.disclosed } : {}),
  };
  return JSON.stringify(event);
}
