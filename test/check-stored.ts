/** For every suite: all that is stored and read is held against its schema, which production does not do. */
import { checkAllStored } from '../src/base/codec.ts';

checkAllStored(true);
