/** Sealing on Node. */
import { sealerCases } from './seal-cases.ts';

sealerCases();
