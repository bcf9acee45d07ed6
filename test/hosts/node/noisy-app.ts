/** An app that prints to standard output, while it is loaded and in a call. */
import { defineApp, tool } from '../../../src/index.ts';

console.log('log of the module');
process.stdout.write('written by the module');

export default defineApp({
  name: 'noisy',
  version: '1.0.0',
  description: 'Prints',
  tools: {
    print: tool({
      description: 'Prints.',
      run: async () => {
        console.log('log of the call');
        console.table([{ a: 1 }]);
        process.stdout.write('written by the call');
        process.stdout.end('end by the call');
        return 'printed';
      },
    }),
  },
});
