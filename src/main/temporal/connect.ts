import { readFileSync } from 'node:fs';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import { CountersignError } from '../../contract/index.ts';
import type { TemporalSettings } from '../config.ts';

const pem = (variable: string, path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CountersignError('configuration', `${variable} names a file that cannot be read; correct the path`, {
      cause: error,
    });
  }
};

function tlsOf(tls: NonNullable<TemporalSettings['tls']>): NonNullable<NativeConnectionOptions['tls']> {
  return {
    ...(tls.serverName === undefined ? {} : { serverNameOverride: tls.serverName }),
    ...(tls.ca === undefined ? {} : { serverRootCACertificate: pem('TEMPORAL_TLS_SERVER_CA_CERT_PATH', tls.ca) }),
    ...(tls.cert === undefined || tls.key === undefined
      ? {}
      : {
          clientCertPair: {
            crt: pem('TEMPORAL_TLS_CLIENT_CERT_PATH', tls.cert),
            key: pem('TEMPORAL_TLS_CLIENT_KEY_PATH', tls.key),
          },
        }),
  };
}

/**
 * A connection that client and worker share, which eager starts need.
 *
 * @throws CountersignError `configuration` when the server does not answer.
 */
export async function connectTemporal(address: string, settings: TemporalSettings): Promise<NativeConnection> {
  const options: NativeConnectionOptions = {
    address,
    ...(settings.tls === null ? {} : { tls: tlsOf(settings.tls) }),
    ...(settings.apiKey === undefined ? {} : { apiKey: settings.apiKey }),
  };
  try {
    return await NativeConnection.connect(options);
  } catch (error) {
    throw new CountersignError(
      'configuration',
      `Temporal does not answer at ${address}; check TEMPORAL_ADDRESS, TEMPORAL_TLS_* and TEMPORAL_API_KEY, and that it runs`,
      { cause: error },
    );
  }
}
