/** Who calls. Every record and log key begins with the tenant. */
export interface Principal {
  tenant: string;
  subject: string;
  client: string | null;
  scopes: readonly string[];
}

/** The caller when authentication is off. */
export const PUBLIC: Principal = { tenant: 'public', subject: 'public', client: null, scopes: [] };
