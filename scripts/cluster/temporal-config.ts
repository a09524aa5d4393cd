/** The settings of a production server of Temporal, all four of its services in one process, on loopback. */
import { stringify } from 'yaml';

export interface ServerSettings {
  database: { host: string; port: number; user: string; password: string };
  /** gRPC and membership of frontend, history, matching and worker. */
  ports: readonly (readonly [number, number])[];
  /** File of dynamic settings. */
  dynamic: string;
}

export const STORES = { default: 'temporal', visibility: 'temporal_visibility' } as const;

/** For good, once the database is made. One machine needs no more. */
const SHARDS = 4;

/** What runs on `ports[0]` is what clients talk to. */
export function serverConfig({ database, ports, dynamic }: ServerSettings): string {
  const store = (databaseName: string, maxConns: number): object => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: `${database.host}:${database.port}`,
      connectProtocol: 'tcp',
      user: database.user,
      password: database.password,
      maxConns,
      maxIdleConns: maxConns,
      maxConnLifetime: '1h',
    },
  });
  const service = (n: number): object => {
    const [grpcPort, membershipPort] = ports[n] ?? [0, 0];
    return { rpc: { grpcPort, membershipPort, bindOnLocalHost: true } };
  };
  const address = `127.0.0.1:${ports[0]?.[0] ?? 0}`;
  return stringify({
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: SHARDS,
      datastores: { default: store(STORES.default, 20), visibility: store(STORES.visibility, 5) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' }, pprof: { port: 0 } },
    services: { frontend: service(0), history: service(1), matching: service(2), worker: service(3) },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: address },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: address },
    dynamicConfigClient: { filepath: dynamic, pollInterval: '10s' },
  });
}
