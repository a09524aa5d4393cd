/** Starts a child under supervision, prints its process id and waits to be killed. */
import { spawnSupervised } from '../../src/store/index.ts';

const child = await spawnSupervised('/bin/sh', ['-c', 'while :; do sleep 0.05; done']);
console.log(child.pid);
setInterval(() => undefined, 1000);
