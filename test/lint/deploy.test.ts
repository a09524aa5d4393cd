/** What is shipped to run Countersign: every service says whether it lives, what scales takes no port of the host, nobody is root or guesses a secret. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SECRETS } from '../../src/main/secret-files.ts';
import { loadConfig } from '../../src/main/config.ts';
import { ROOT } from '../support/sources.ts';

/** At most, as docs/operations.md counts them: of each process of ours, and of Temporal's four services together. */
const CONNECTIONS = { ours: 22, temporal: 120 };

interface Service {
  image: string;
  command?: string[];
  build?: string;
  user?: string;
  ports?: string[];
  volumes?: string[];
  secrets?: string[];
  healthcheck?: object;
  deploy?: { replicas: number };
  stop_grace_period?: string;
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
}
const { services, secrets } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
};
const all = Object.entries(services);
const ours = all.filter(([, { build }]) => build !== undefined);

describe('docker-compose.yml', () => {
  it('has two APIs and two workers', () => {
    expect([services['api']?.deploy?.replicas, services['worker']?.deploy?.replicas]).toEqual([2, 2]);
  });
  it('lets all of them into PostgreSQL, and as many again of ours', () => {
    const processes = ours.reduce((sum, [, { deploy }]) => sum + (deploy?.replicas ?? 1), 0);
    const most = Number(/max_connections=(\d+)/.exec(services['postgres']?.command?.join(' ') ?? '')?.[1]);
    expect(most).toBeGreaterThanOrEqual(CONNECTIONS.temporal + 2 * processes * CONNECTIONS.ours);
  });
  it('asks every service that stays whether it lives, and stops ours in time', () => {
    expect(all.filter(([name, { healthcheck }]) => name !== 'migrate' && healthcheck === undefined)).toEqual([]);
    expect(ours.filter(([, one]) => one.stop_grace_period !== '30s').map(([name]) => name)).toEqual([]);
  });
  it('fixes no port of the host where it scales', () => {
    expect(all.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['temporal-ui', 'proxy']);
  });
  it('runs ours as a number, as the image does', () => {
    expect(new Set(ours.map(([, { user }]) => user))).toEqual(new Set(['1000:1000']));
    expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^USER 1000:1000$/m);
  });
  it('hands secrets in as files alone, each declared and used', () => {
    const used = new Set(all.flatMap(([, one]) => one.secrets ?? []));
    expect([...used].sort()).toEqual(Object.keys(secrets).sort());
    const inClear = ours.flatMap(([, { environment = {} }]) => SECRETS.filter((name) => name in environment));
    expect(inClear).toEqual([]);
  });
  it('finds each secret that deploy/compose/secrets.sh made, once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-compose-'));
    const script = join(ROOT, 'deploy/compose/secrets.sh');
    const made = (): Record<string, string> => {
      execFileSync('sh', [script], { cwd: folder, env: { PATH: process.env['PATH'] } });
      const files = Object.entries(secrets).map(([name, { file }]) => [name, readFileSync(join(folder, file), 'utf8')]);
      return Object.fromEntries(files) as Record<string, string>;
    };
    const first = made();
    expect(Object.values(first).filter((value) => value.trim() === '')).toEqual([]);
    expect(first['database_url']).toContain(`countersign:${first['countersign_password']?.trim()}@`);
    expect(made()).toEqual(first);
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
    rmSync(folder, { recursive: true, force: true });
  });
  it('mounts files that are there', () => {
    const files = all.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    expect(files.filter((file) => file.startsWith('./') && !existsSync(file))).toEqual([]);
  });
  it('lets no process of ours change the schema but migrate, as another role', () => {
    for (const [name, { environment = {} }] of ours) {
      expect(environment['COUNTERSIGN_MIGRATE']).toBe(name === 'migrate' ? undefined : 'never');
      expect(environment['DATABASE_URL_FILE']).toBe(
        `/run/secrets/${name === 'migrate' ? 'database_owner_url' : 'database_url'}`,
      );
    }
  });
  it('sets nothing that a process does not take', () => {
    for (const [, { environment = {} }] of ours) {
      const settings = Object.entries(environment).filter(([name]) => !name.endsWith('_FILE'));
      expect(() =>
        loadConfig(Object.fromEntries(settings.map(([name, value]) => [name, value.replace(/\$\{\w+:-(.*)\}/, '$1')]))),
      ).not.toThrow();
    }
  });
});
