import { createApi } from '../api/server.ts';
import { consoleRoutes } from '../console/page.ts';
import { signInRoutes } from '../console/sign-in.ts';
import type { Config } from './config.ts';
import { followLogs } from './follow-logs.ts';
import { withImported } from './imported-logs.ts';
import { publicLog } from './public-log.ts';
import { connectTeams } from './teams.ts';
import { Closers } from './listen.ts';
import { openServer, openService } from './serve.ts';

export interface RunningService {
  url: string | null;
  /** Rejects when an indispensable part dies. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** The API alone; a worker elsewhere runs the actions. */
export async function startApi(config: Config, io: { out(line: string): void }): Promise<RunningService> {
  const closers = new Closers();
  try {
    const { url, serve, drain } = await openServer(config, closers);
    const { parts, gateway, temporal, watch, checks, show, stopping } = await openService(config, closers, io);
    const following = followLogs(parts);
    closers.add(() => following.close());
    const teams = connectTeams(parts, gateway, config.publicUrl ?? null);
    if (teams !== null) closers.add(() => teams.stop());
    serve(
      createApi({
        ...(teams === null ? {} : { beforeBodies: (web) => teams.mount(web) }),
        gateway,
        log: withImported(publicLog(parts), parts.config.dataDir),
        errorLog: parts.log,
        authzen: { url: config.publicUrl ?? url, accessRequests: config.accessRequests },
        requestsPerMinute: config.requestsPerMinute,
        requestsAtOnce: config.requestsAtOnce,
        onShed: watch.meters.shed,
        codecOrigins: config.codecOrigins,
        pages: (web) =>
          void web.use(consoleRoutes()).use(signInRoutes({ gateway, url: config.origin ?? config.publicUrl ?? null })),
        checks,
        observe: watch.observe,
        ...(watch.handler === undefined ? {} : { metrics: watch.handler }),
      }),
    );
    show();
    // This closes first, while everything that an answer needs is still there.
    closers.add(async () => {
      stopping.stop();
      await drain();
    });
    io.out(`countersign api serves at ${url}`);
    return { url, failed: temporal.failed, stop: () => closers.closeAll() };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}
