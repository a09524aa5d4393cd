/**
 * Ids of actors (contract section 2): which texts are ids, and when two ids count as the same. Free of zod, so that the
 * approval room takes it into Temporal's sandbox.
 */

/** Kinds of actors, with which their ids begin. */
export const ACTOR_TYPES = ['user', 'service', 'agent'] as const;
export type ActorType = (typeof ACTOR_TYPES)[number];

/** Stands for any actor, role or group; no id may be this text. */
export const ANY = '*';

/** Characters that an id may have in all. */
export const ACTOR_ID_MAX = 256;

/** Invisible characters: controls, separators, default ignorables, unassigned, and the blank braille cell. */
const INVISIBLE = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
const ALL_INVISIBLE = new RegExp(INVISIBLE, 'gu');

const SHAPE = /^(?:user|service|agent):./su;
/** A combining mark without a base character. */
const LEADING_MARK = /^[a-z]+:\p{M}/u;
const PLAIN = /^[\x21-\x7e]*$/;

/** What is wrong with an id, in words; null for `user:`, `service:` or `agent:` and visible NFC text without spaces. */
export function faultOfActorId(id: string): string | null {
  if (!SHAPE.test(id)) return 'an id is `user:`, `service:` or `agent:` and a name, such as `agent:support-bot`';
  if (id.length > ACTOR_ID_MAX) return `an id has at most ${ACTOR_ID_MAX} characters`;
  if (PLAIN.test(id)) return null;
  if (INVISIBLE.test(id) || LEADING_MARK.test(id))
    return 'an id holds a space, or a character that cannot be seen; leave it out';
  return id.normalize('NFC') === id ? null : 'an id is written in Unicode normalization form C (NFC); normalize it';
}

/** Normalizing may compose characters that fold again; the second pass is always stable. */
const ROUNDS_MAX = 4;

/**
 * What two ids have in common that a person would read as one: compatibility forms (NFKC), case and invisible characters are gone.
 *
 * Comparisons that exclude or limit go by it (four eyes, limits, freezes, delegations), so that another spelling of a name is no way
 * around them. Comparisons that grant go by the exact id.
 */
export function foldId(id: string): string {
  if (PLAIN.test(id)) return id.toLowerCase();
  let folded = id;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const next = foldOnce(folded);
    if (next === folded) break;
    folded = next;
  }
  return folded;
}

// Upper case first: it writes out what has no single capital, such as ß, which lower case alone does not change.
const foldOnce = (text: string): string =>
  text.normalize('NFKC').replace(ALL_INVISIBLE, '').toUpperCase().toLowerCase().normalize('NFKC');

/** Whether two ids count as the same where something is excluded or limited. */
export const sameId = (a: string, b: string): boolean => a === b || foldId(a) === foldId(b);

/** Whether `id` is among `ids`, in whatever spelling. */
export function includesId(ids: readonly string[], id: string): boolean {
  if (ids.includes(id)) return true;
  const folded = foldId(id);
  return ids.some((one) => foldId(one) === folded);
}
