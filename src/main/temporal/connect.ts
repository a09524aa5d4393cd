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
 * A connection that client and worker share.
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

/** gRPC status codes, https://grpc.io/docs/guides/status-codes/. */
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/**
 * Checks that the namespace exists and that we may use it. Closes the connection if not.
 *
 * @throws CountersignError `configuration` saying which of the two it is.
 */
export async function checkNamespace(connection: NativeConnection, settings: TemporalSettings): Promise<void> {
  const { namespace } = settings;
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (cause) {
    await connection.close();
    throw new CountersignError('configuration', whyUnusable(namespace, (cause as { code?: number }).code), { cause });
  }
}

function whyUnusable(namespace: string, code: number | undefined): string {
  switch (code) {
    case NOT_FOUND:
      return `Temporal has no namespace \`${namespace}\`; create it, or correct TEMPORAL_NAMESPACE`;
    case PERMISSION_DENIED:
    case UNAUTHENTICATED:
      return `Temporal does not let us use the namespace \`${namespace}\`; check TEMPORAL_NAMESPACE, and TEMPORAL_API_KEY or TEMPORAL_TLS_*`;
    default:
      return `Temporal does not tell about the namespace \`${namespace}\`; check TEMPORAL_ADDRESS, and that it is well`;
  }
}
