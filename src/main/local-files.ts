/** Names of what a stack leaves in its data folder for the command line. */

/** Where the local stack keeps its first key, mode 0600. */
export const FIRST_KEY_FILE = 'first-key';

/** Where the stack that uses the folder listens, mode 0600. */
export const RUNTIME_FILE = 'runtime.json';

/** Logs of other deployments, a folder each, below the data folder. */
export const IMPORTED_FOLDER = 'imported';

/** What such a log is read under: `imported.NAME`, which is no name of a tenant. */
export const IMPORTED_PREFIX = 'imported.';

/** What an imported log may be called. */
export const IMPORTED_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
