/** The subject of a modal, carried through Slack and back. It is encrypted, so that only a form that we opened comes back, and only from the
 * user for whom we opened it. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

const schema = z.strictObject({
  /** Which form: `approve`, `refuse`, … */
  kind: z.string(),
  workspace: z.string(),
  user: z.string(),
  channel: z.string(),
  /** `ts` of the message it was opened from, or `view:…`. */
  message: z.string(),
  tenant: z.string(),
  action: z.string(),
  stage: z.int().nonnegative(),
  /** Hash of what the person was shown. */
  shown: z.string(),
  /** Digest of what the decision is about, to notice that it changed while the form was open. */
  about: z.string(),
  /** Which page of the form, from 0; left out for the first. */
  page: z.int().nonnegative().optional(),
  /** Seconds since the epoch. */
  expires: z.int(),
});
export type Metadata = z.infer<typeof schema>;

/** Seconds that a form may stay open. */
export const FORM_SECONDS = 12 * 3600;

export interface MetadataSeal {
  /** At most 3000 characters, Slack's limit. */
  seal(metadata: Metadata): string;
  /** Null for anything that was not sealed by us, or has expired. @param now Seconds since the epoch. */
  open(sealed: string, now: number): Metadata | null;
}

/** @param secret Any secret of the app; the key is derived from it. */
export function createMetadataSeal(secret: string): MetadataSeal {
  const key = createHash('sha256').update(`countersign slack metadata v1\n${secret}`).digest();
  const tag = (body: string): Buffer => createHmac('sha256', key).update(body).digest();
  return {
    seal(metadata) {
      const body = Buffer.from(JSON.stringify(metadata)).toString('base64url');
      return `${body}.${tag(body).toString('base64url')}`;
    },
    open(sealed, now) {
      const [body = '', mac = '', ...rest] = sealed.split('.');
      const [given, expected] = [Buffer.from(mac, 'base64url'), tag(body)];
      if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      const parsed = schema.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
      return parsed.success && parsed.data.expires >= now ? parsed.data : null;
    },
  };
}
