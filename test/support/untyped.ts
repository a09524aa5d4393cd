/**
 * A value where its type does not fit, on purpose: input of somebody else's making, a record by hand that has only what the test reads, or
 * a library whose types are narrower than what it takes.
 */
export const untyped = <T = never>(value: unknown): T => value as T;
