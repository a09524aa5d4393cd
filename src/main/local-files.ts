/** Names of the files that a stack leaves in its data folder for the command line. */

/** Where the local stack keeps its first key, mode 0600. */
export const FIRST_KEY_FILE = 'first-key';

/** Holds the address of the stack that uses the folder, mode 0600. */
export const RUNTIME_FILE = 'runtime.json';

/** Logs of other deployments, a folder each, below the data folder. */
export const IMPORTED_FOLDER = 'imported';

/** Such a log is served as `imported.NAME`, which no tenant can be called. */
export const IMPORTED_PREFIX = 'imported.';

/** The form of an imported log's name. */
export const IMPORTED_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
