/** What goes wrong, one after the other, as a seed says. Each fault is over when it resolves: what it took away is back. */
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform, Restartable } from '../cluster/platform.ts';
import { insisting, type ServiceKind, type ServiceProcess } from '../cluster/services.ts';
import type { Proxies } from './toxiproxy.ts';

/** Workers, other processes, and what is around all of them: connections, disk, clock. */
export type FaultKind = 'workers' | 'processes' | 'surroundings';

export interface Fault {
  name: string;
  /** What it takes away. Faults of two kinds may come at once, two of one kind may not. */
  of: FaultKind;
  inflict(): Promise<void>;
}

export interface Victims {
  platform: Pick<Platform, 'postgres' | 'temporal'>;
  services: readonly ServiceProcess[];
  proxies: Proxies | null;
  /** A folder of its own file system, which may be filled. */
  smallDisk: string | null;
  /** A file that libfaketime reads in every service. */
  clock: string | null;
}

/** Whole numbers from 0 to below what is asked for. */
export type Random = (below: number) => number;

export function faultsOf({ platform, services, proxies, smallDisk, clock }: Victims, random: Random): Fault[] {
  const between = (from: number, to: number): number => from + random(to - from);
  const one = (kind: ServiceKind): ServiceProcess => {
    const all = services.filter((service) => service.kind === kind);
    const chosen = all[random(all.length)];
    if (chosen === undefined) throw new Error(`there is no ${kind} to be taken away`);
    return chosen;
  };
  const stopped = async ({ pid }: Restartable, ms: number): Promise<void> => {
    process.kill(pid, 'SIGSTOP');
    await sleep(ms);
    process.kill(pid, 'SIGCONT');
  };
  const workers = services.filter(({ kind }) => kind === 'worker');
  const faults: Fault[] = [
    ...(['api', 'worker', 'slack'] as const).flatMap((kind): Fault[] => {
      const of = kind === 'worker' ? 'workers' : 'processes';
      return [
        { name: `${kind} killed`, of, inflict: () => killed([one(kind)], between(100, 2000)) },
        { name: `${kind} stopped`, of, inflict: () => stopped(one(kind), between(500, 6000)) },
      ];
    }),
    { name: 'all workers killed', of: 'workers', inflict: () => killed(workers, between(1000, 4000)) },
    { name: 'temporal killed', of: 'processes', inflict: () => killed([platform.temporal], between(100, 2000)) },
    { name: 'temporal stopped', of: 'processes', inflict: () => stopped(platform.temporal, between(500, 4000)) },
    { name: 'postgres killed', of: 'processes', inflict: () => killed([platform.postgres], between(100, 2000)) },
  ];
  const around = (name: string, inflict: () => Promise<void>): void =>
    void faults.push({ name, of: 'surroundings', inflict });
  for (const name of ['postgres', 'temporal']) {
    if (proxies === null) continue;
    around(`${name} cut off`, () => proxies.reset(name, between(200, 3000)));
    around(`${name} slow`, () => proxies.slow(name, between(50, 400), between(1000, 4000)));
  }
  if (smallDisk !== null) around('data folder full', () => filled(smallDisk, between(500, 3000)));
  if (clock !== null) {
    for (const jump of ['+90s', '-90s']) {
      around(`clock ${jump}`, () => jumped(clock, jump, between(1000, 4000)));
    }
  }
  return faults;
}

/** How long workers are back after an absence, at least: whoever waits for a decision meanwhile is answered in the end. */
const BACK_MS = 5000;

/** All workers are away until everything that was released before has come due. */
export function absence(services: readonly ServiceProcess[], ms: number): Fault {
  const workers = services.filter(({ kind }) => kind === 'worker');
  const inflict = async (): Promise<void> => {
    await killed(workers, ms);
    await sleep(BACK_MS);
  };
  return { name: 'no worker past outcome.within', of: 'workers', inflict };
}

async function killed(victims: readonly Restartable[], ms: number): Promise<void> {
  await Promise.all(victims.map((victim) => victim.end('SIGKILL')));
  await sleep(ms);
  await Promise.all(victims.map((victim) => insisting(() => victim.start())));
}

async function filled(folder: string, ms: number): Promise<void> {
  const ballast = join(folder, 'ballast');
  const file = openSync(ballast, 'w');
  try {
    for (const chunk = Buffer.alloc(1 << 20); ;) writeSync(file, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
  await sleep(ms);
  rmSync(ballast);
}

async function jumped(clock: string, jump: string, ms: number): Promise<void> {
  writeFileSync(clock, `${jump}\n`);
  await sleep(ms);
  writeFileSync(clock, '+0\n');
}
