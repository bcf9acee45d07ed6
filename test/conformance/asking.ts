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

const answered = ({ action, ...rest }: { action: string; content?: unknown }) =>
  `action=${action}, content=${JSON.stringify(rest.content ?? {})}`;

const titled = [
  { const: 'value1', title: 'First Option' },
  { const: 'value2', title: 'Second Option' },
  { const: 'value3', title: 'Third Option' },
];
const options = z.enum(['option1', 'option2', 'option3']);

/** Of the scenarios of 2025-11-25, whose clients are asked by requests. */
export const legacyAskingTools = {
  test_sampling: tool({
    description: "Asks the client's model.",
    input: z.object({ prompt: z.string().describe('what to ask') }),
    run: async ({ prompt: text }, { sample }) => {
      const { content } = await sample('prompt', sampling(text, 100));
      const [block] = [content].flat();
      return `LLM response: ${String(block?.['text'])}`;
    },
  }),
  test_elicitation: tool({
    description: 'Asks the user.',
    input: z.object({ message: z.string().describe('what to ask') }),
    run: async ({ message }, { ask }) => {
      const username = z.string().describe("User's response");
      const email = z.string().describe("User's email address");
      return `User response: ${answered(await ask('user', form(message, z.object({ username, email }))))}`;
    },
  }),
  test_elicitation_sep1034_defaults: tool({
    description: 'Asks with a default for each kind of field.',
    run: async (_input, { ask }) => {
      const fields = z.object({
        name: z.string().default('John Doe'),
        age: z.int().default(30),
        score: z.number().default(95.5),
        status: z.enum(['active', 'inactive', 'pending']).default('active'),
        verified: z.boolean().default(true),
      });
      return `Elicitation completed: ${answered(await ask('defaults', form('Please check', fields)))}`;
    },
  }),
  test_elicitation_sep1330_enums: tool({
    description: 'Asks with each kind of choice.',
    run: async (_input, { ask }) => {
      const fields = z.object({
        untitledSingle: options,
        titledSingle: z.string().meta({ oneOf: titled }),
        legacyEnum: z.enum(['opt1', 'opt2', 'opt3']).meta({ enumNames: ['Option One', 'Option Two', 'Option Three'] }),
        untitledMulti: z.array(options),
        titledMulti: z.array(z.string()).meta({ items: { anyOf: titled } }),
      });
      return `Elicitation completed: ${answered(await ask('choices', form('Please choose', fields)))}`;
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
