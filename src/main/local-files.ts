/** Names of what a stack leaves in its data folder for the command line. */

/** Where the local stack keeps its first key, mode 0600. */
export const FIRST_KEY_FILE = 'first-key';

/** Where the stack that uses the folder listens, mode 0600. */
export const RUNTIME_FILE = 'runtime.json';
