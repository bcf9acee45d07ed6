/** What the official suite expects to be asked: the tools and the prompt of its scenarios on multi round trips. */
import * as z from 'zod';
import { form, prompt, tool } from '../../src/index.ts';

const who = form('What is your name?', z.object({ name: z.string() }));
const confirm = form('Please confirm', z.object({ ok: z.boolean() }));

const sampling = (text: string, maxTokens: number) => ({
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
  maxTokens,
});

export const askingTools = {
  test_input_required_result_elicitation: tool({
    description: 'Asks for a name.',
    // The suite answers it without the request state, too, which counts where nothing is changed.
    annotations: { readOnlyHint: true },
    run: async (_input, { ask }) => {
      const answer = await ask('user_name', who);
      return answer.action === 'accept' ? `Hello, ${answer.content.name}!` : 'Hello, whoever you are!';
    },
  }),
  test_input_required_result_sampling: tool({
    description: "Asks the client's model.",
    run: async (_input, { sample }) => {
      const { content } = await sample('capital_question', sampling('What is the capital of France?', 100));
      return JSON.stringify(content);
    },
  }),
  test_input_required_result_list_roots: tool({
    description: 'Asks for the roots.',
    run: async (_input, { roots }) => (await roots('client_roots')).map(({ uri }) => uri).join(),
  }),
  test_input_required_result_request_state: tool({
    description: 'Asks to confirm.',
    run: async (_input, { ask }) => `state-ok: ${(await ask('confirm', confirm)).action}`,
  }),
  test_input_required_result_tampered_state: tool({
    description: 'Asks to confirm.',
    run: async (_input, { ask }) => (await ask('confirm', confirm)).action,
  }),
  test_input_required_result_multiple_inputs: tool({
    description: 'Asks three things at once.',
    run: async (_input, { ask, sample, roots }) => {
      const answers = await Promise.all([
        ask('user_name', who),
        sample('greeting', sampling('Generate a greeting', 50)),
        roots('client_roots'),
      ]);
      return JSON.stringify(answers);
    },
  }),
  test_input_required_result_multi_round: tool({
    description: 'Asks one thing after another.',
    run: async (_input, { ask }) => {
      const first = await ask('step1', form('Step 1: What is your name?', z.object({ name: z.string() })));
      const colour = z.object({ color: z.string() });
      const second = await ask('step2', form('Step 2: What is your favorite color?', colour));
      return JSON.stringify([first, second]);
    },
  }),
  test_input_required_result_capabilities: tool({
    description: 'Asks what the client can be asked.',
    run: async (_input, { ask, sample, canAsk }) => {
      if (canAsk('form')) return (await ask('user_name', who)).action;
      return canAsk('sample') ? (await sample('greeting', sampling('Generate a greeting', 50))).model : 'nobody to ask';
    },
  }),
};

export const askingPrompts = {
  test_input_required_result_prompt: prompt({
    description: 'A prompt that asks for its context.',
    run: async (_input, { ask }) => {
      const context = z.object({ context: z.string() });
      const answer = await ask('user_context', form('What context should the prompt use?', context));
      return answer.action === 'accept' ? `In this context: ${answer.content.context}` : 'Without a context';
    },
  }),
};
