/** Temporal's production server and the tool that makes its tables: built once by Go, and kept. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setPriority } from 'node:os';

/** The version of the compose file and the chart. */
export const SERVER_VERSION = '1.29.1';

/** What a module of Go installs, and under which names. */
export interface GoTool {
  /** Folder in the cache. */
  name: string;
  packages: readonly string[];
  binaries: readonly string[];
}

const TEMPORAL: GoTool = {
  name: `temporal-server-${SERVER_VERSION}`,
  packages: ['server', 'tools/sql'].map((path) => `go.temporal.io/server/cmd/${path}@v${SERVER_VERSION}`),
  binaries: ['server', 'sql'],
};

export interface ServerBinaries {
  server: string;
  /** Makes and upgrades the tables. */
  sql: string;
}

/**
 * The folder of a tool, built when it is not in the cache: whole or not at all. One package at a time and at the lowest priority, for that
 * takes minutes and others use the machine.
 *
 * @throws Error when Go is not there or fails.
 */
export async function goTool(tool: GoTool, cacheDir: string, say: (line: string) => void): Promise<string> {
  const place = join(cacheDir, tool.name);
  if (tool.binaries.every((name) => existsSync(join(place, name)))) return place;
  const workshop = `${place}.building-${process.pid}`;
  rmSync(workshop, { recursive: true, force: true });
  mkdirSync(workshop, { recursive: true });
  say(`building ${tool.packages.join(' and ')} with Go, once; this takes minutes`);
  try {
    const child = spawn('go', ['install', ...tool.packages], {
      cwd: workshop,
      env: { ...process.env, GOBIN: workshop, GOFLAGS: '-p=1 -buildvcs=false', CGO_ENABLED: '0' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exit = once(child, 'exit');
    if (child.pid !== undefined) setPriority(child.pid, 15);
    const [code] = (await exit) as [number | null];
    if (code !== 0) throw new Error(`go install ended with ${String(code)}`);
    rmSync(place, { recursive: true, force: true });
    renameSync(workshop, place);
  } catch (error) {
    rmSync(workshop, { recursive: true, force: true });
    throw new Error(`${tool.name} cannot be built; install Go, or copy its binaries into ${place}`, { cause: error });
  }
  return place;
}

export async function temporalServer(cacheDir: string, say: (line: string) => void): Promise<ServerBinaries> {
  const place = await goTool(TEMPORAL, cacheDir, say);
  return { server: join(place, 'server'), sql: join(place, 'sql') };
}
