/** Sealing inside workerd. */
import { sealerCases } from '../core/seal-cases.ts';

sealerCases();
