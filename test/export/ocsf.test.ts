/** Records as events of OCSF: what a SIEM needs of each, and nothing that the record does not show. */
import { describe, expect, it } from 'vitest';
import { ocsfLine } from '../../src/export/index.ts';
import { RECORD_TYPES, type RecordPayload } from '../../src/contract/index.ts';
import { decisionRecord, verdictRecord } from '../sealing/fixtures.ts';

const HASH = `sha256:${'a'.repeat(64)}`;
const event = (record: RecordPayload) =>
  JSON.parse(ocsfLine({ index: 7, hash: HASH, record })) as Record<string, unknown>;

/** Required by the base event and by both classes. */
const REQUIRED = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'];

const other = (type: string): RecordPayload =>
  ({ ...verdictRecord, type, by: 'user:owner@acme.test', reason: 'why', body: {} }) as RecordPayload;

describe('every type of record', () => {
  it.each(RECORD_TYPES.filter((type) => type !== 'verdict' && type !== 'release'))(
    '%s has what OCSF requires',
    (type) => {
      const said = event(type === 'decision' ? decisionRecord(HASH) : other(type));
      for (const name of REQUIRED) expect(said).toHaveProperty(name);
      expect(said['type_uid']).toBe(Number(said['class_uid']) * 100 + 99);
      expect(said).toMatchObject({ activity_name: type, metadata: { version: '1.6.0', uid: HASH, sequence: 7 } });
      expect(said['class_uid'] === 6003 ? said['api'] : said['entity']).toBeDefined();
    },
  );
});

describe('a verdict', () => {
  const verdict = verdictRecord;
  it.each([
    ['approve', 'rule', 1, 1, 1],
    ['constrain', 'rule', 1, 1, 1],
    ['supervise', 'rule', 99, 1, 1],
    ['refuse', 'silence', 2, 2, 2],
    ['approve', 'break_glass', 1, 4, 1],
  ] as const)('%s by %s', (decision, basis, action, severity, status) => {
    const record = { ...verdict, verdict: { ...verdict.verdict, decision, basis } } as RecordPayload;
    expect(event(record)).toMatchObject({
      class_uid: 6003,
      action_id: action,
      severity_id: severity,
      status_id: status,
      status_detail: decision,
      time: Date.parse(verdict.at),
      actor: { user: { uid: verdict.actor.id } },
      resources: [{ uid: verdict.surface }],
      unmapped: verdict.disclosed,
    });
  });

  it('shows no commitment', () => {
    expect(ocsfLine({ index: 0, hash: HASH, record: verdict })).not.toContain('commitments');
  });
});
