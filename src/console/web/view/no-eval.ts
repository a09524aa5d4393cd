/**
 * Imported first, in the page's first file. The page's policy forbids scripts made of text, which zod would try with its first schema. The
 * setting is put where zod looks for it, so that zod itself is loaded only where it is needed.
 */
const shared = globalThis as { __zod_globalConfig?: { jitless?: boolean } };
Object.assign((shared.__zod_globalConfig ??= {}), { jitless: true });
