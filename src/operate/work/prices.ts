/** What engines cost, from their price lists. An estimate: free tiers, regions, transfers and calls of agents are left out. Pure. */

interface Price {
  /** In words, for who reads the estimate. */
  text: string;
  source: string;
  /** The month in which the list was read. */
  asOf: string;
  usdPerRead: number;
  /** For each KiB that a commit writes, where they are counted; else for the commit. */
  usdPerWrite: number;
  usdPerStoredGb: number;
}

const MILLION = 1_000_000;
const MONTH_DAYS = 30;

/** By the name of the store. */
export const PRICES: Readonly<Record<string, Price>> = {
  // A read that is consistent takes a read unit for each 4 KiB; a transaction two write units for each KiB of each item.
  dynamodb: {
    text: '0.625 USD a million write units, 0.125 a million read units, 0.25 a GB and month (on demand, us-east-1)',
    source: 'aws.amazon.com/dynamodb/pricing/on-demand',
    asOf: '2024-11',
    usdPerRead: 0.125 / MILLION,
    usdPerWrite: (2 * 0.625) / MILLION,
    usdPerStoredGb: 0.25,
  },
  redis: {
    text: '0.20 USD a hundred thousand commands, 0.25 a GB and month (Upstash, pay as you go)',
    source: 'upstash.com/pricing/redis',
    asOf: '2026-04',
    usdPerRead: 2 / MILLION,
    usdPerWrite: 2 / MILLION,
    usdPerStoredGb: 0.25,
  },
};

interface Used {
  /** A day. */
  reads: number;
  commits: number;
  bytesPerDay: number;
  storedBytes: number;
}

/** USD, to the cent; null: the engine has no price of its own. */
export function monthlyCost(engine: string, { reads, commits, bytesPerDay, storedBytes }: Used): number | null {
  const price = PRICES[engine];
  if (price === undefined) return null;
  const writes = engine === 'dynamodb' ? commits + bytesPerDay / 1_024 : commits;
  const calls = MONTH_DAYS * (reads * price.usdPerRead + writes * price.usdPerWrite);
  return Math.round((calls + (storedBytes / 1e9) * price.usdPerStoredGb) * 100) / 100;
}
