/**
 * Comes before all others, in the page's first file: a policy against scripts made of text forbids what zod would try with its first schema.
 * It is said where zod looks for it, so that zod itself is loaded only by those who need it.
 */
const shared = globalThis as { __zod_globalConfig?: { jitless?: boolean } };
Object.assign((shared.__zod_globalConfig ??= {}), { jitless: true });
