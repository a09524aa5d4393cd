/** Connectors of tests: a database where the address is one of PostgreSQL, else two receivers, of which one does a key twice. */
export function settingsOf(address: string): object[] {
  if (address.startsWith('postgres')) {
    return [
      {
        ...{ name: 'orders-db', type: 'sql', surfaces: ['db.orders'], database: 'env:DB' },
        timeouts: { connect: 5, statement: 5, lock: 5, idle: 10 },
      },
    ];
  }
  return [true, false].map((honoured) => ({
    ...{
      name: honoured ? 'ledger-http' : 'careless-http',
      type: 'http',
      surfaces: ['payments.refund'],
      method: 'POST',
    },
    ...{ url: `${address}/refunds`, headers: { authorization: '{secret:key}' }, secrets: { key: 'env:KEY' } },
    ...{ body: { amount: '{params.amount}' }, amount: 'params.amount', idempotency: { honoured } },
    ...{ network: 'loopback', timeout: 20 },
  }));
}
