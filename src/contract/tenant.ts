/** The tenant of a local stack, and of whoever names none. */
export const DEFAULT_TENANT = 'default';
