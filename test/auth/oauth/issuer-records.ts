/** What the authorization server of the tests keeps, in memory: it outlives a change of its keys. */

type Stored = Record<string, unknown> & { uid?: string; userCode?: string; grantId?: string; consumed?: number };

export interface Records {
  /** The records of one kind, with the methods that `oidc-provider` asks for. */
  of(kind: string): object;
}

export function createRecords(): Records {
  const all = new Map<string, Stored>();
  const find = (is: (record: Stored) => boolean) => Promise.resolve([...all.values()].find(is));
  return {
    of: (kind) => ({
      upsert: (id: string, record: Stored) => Promise.resolve(void all.set(`${kind}:${id}`, record)),
      find: (id: string) => Promise.resolve(all.get(`${kind}:${id}`)),
      findByUid: (uid: string) => find((record) => record.uid === uid),
      findByUserCode: (code: string) => find((record) => record.userCode === code),
      destroy: (id: string) => Promise.resolve(void all.delete(`${kind}:${id}`)),
      consume(id: string) {
        const record = all.get(`${kind}:${id}`);
        if (record) record.consumed = Math.floor(Date.now() / 1_000);
        return Promise.resolve();
      },
      revokeByGrantId(grantId: string) {
        for (const [id, record] of all) if (record.grantId === grantId) all.delete(id);
        return Promise.resolve();
      },
    }),
  };
}
