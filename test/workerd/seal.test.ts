/** Sealing inside workerd. */
import { sealerCases } from '../base/seal-cases.ts';

sealerCases();
