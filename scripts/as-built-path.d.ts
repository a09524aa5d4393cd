/** The file that is built of a source, both as paths from the root; null where none is. */
export function builtOf(path: string): string | null;
