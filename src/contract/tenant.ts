/** The tenant of a local stack, and the default where none is named. */
export const DEFAULT_TENANT = 'default';

/** The form of a tenant's name, which is part of file names and of the log's origin. */
export const TENANT_NAME = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/;
