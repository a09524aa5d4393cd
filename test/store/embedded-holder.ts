/** Serves the data folder it is given, prints the server's process id, and waits to be killed. */
import { openEmbeddedPostgres } from '../../src/store/index.ts';

const { pid } = await openEmbeddedPostgres({ dataDir: process.argv[2] ?? '' });
console.log(pid);
setInterval(() => undefined, 1000);
