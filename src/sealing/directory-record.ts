/**
 * Records of type `directory`: what an identity provider said about a person or a group by SCIM, or about a
 * person by a security event. `action` is `directory:user:` or `directory:group:` and the SCIM id, or `directory:signal:` and the event's.
 * Who may decide follows from these records, so that a writer to the database cannot add a person.
 */
import { z } from 'zod';
import type { OtherRecord, RecordPayload } from '../contract/index.ts';
import { EvidenceError } from '../ledger/index.ts';

const text = z.string();

const userSchema = z.looseObject({
  state: z.enum(['kept', 'deleted']),
  what: z.literal('user'),
  userName: text.min(1),
  externalId: text.nullable(),
  name: text.nullable(),
  email: text.nullable(),
  roles: z.array(text),
  manager: text.nullable(),
  active: z.boolean(),
});
const groupSchema = z.looseObject({
  state: z.enum(['kept', 'deleted']),
  what: z.literal('group'),
  name: text.min(1),
  externalId: text.nullable(),
  /** SCIM ids of people who come and who leave; a group may be too large to be said whole. */
  joined: z.array(text),
  left: z.array(text),
});
/** The person's sessions ended, and they decide nothing until they sign in anew. */
const signalSchema = z.looseObject({
  state: z.literal('stopped'),
  what: z.literal('signal'),
  /** Directory id. */
  person: text.min(1),
  event: text,
});
const bodySchema = z.discriminatedUnion('what', [userSchema, groupSchema, signalSchema]);

export type DirectoryUserChange = z.infer<typeof userSchema> & { id: string };
export type DirectoryGroupChange = z.infer<typeof groupSchema> & { id: string };
export type DirectorySignal = z.infer<typeof signalSchema> & { id: string };
export type DirectoryChange = DirectoryUserChange | DirectoryGroupChange | DirectorySignal;

/** `action` of the records about a person or a group. */
export const directoryChain = (what: DirectoryChange['what'], id: string): string => `directory:${what}:${id}`;

/** The body of a record about a person or a group. */
export function directoryBody({ id: _id, ...change }: DirectoryChange): OtherRecord['body'] {
  return { ...change } as OtherRecord['body'];
}

/**
 * What a record says about a person or a group; null for a record of another type.
 *
 * @throws EvidenceError `record-malformed`
 */
export function directoryChangeOf(record: RecordPayload): DirectoryChange | null {
  if (record.type !== 'directory') return null;
  const read = bodySchema.safeParse(record.body);
  const prefix = read.success ? directoryChain(read.data.what, '') : '';
  if (!read.success || !record.action.startsWith(prefix)) {
    throw new EvidenceError('record-malformed', 'a directory record does not say whom it is about');
  }
  return { ...read.data, id: record.action.slice(prefix.length) };
}
