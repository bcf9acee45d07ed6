/**
 * Whether a person agrees to a message, where its rule asks for that. A handler that asks is entered again from its
 * beginning, with the answers that it has: nothing is sent before a question, or while one is open, because it would be
 * sent once more.
 */
import { digestOf } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import { inLines } from '../../base/plain.ts';
import { form } from '../../declare/ask.ts';
import type { ToolContext } from '../../declare/context.ts';
import type { Checked } from '../../declare/outlet.ts';
import * as z from 'zod';

const NOTHING_TO_FILL_IN = z.object({});

interface Agreement {
  /**
   * Whether the message may be sent, once no question of the handler is open any more. It then counts as sent.
   * @throws TidegateError `invalid_config` where it is to be confirmed and another was sent before, `invalid_input` where nobody can
   * be asked
   */
  to(feed: string, checked: Checked<unknown>): Promise<boolean>;
}

/** @param context of the handler; questions go through it */
export function createAgreement(context: Pick<ToolContext, 'ask' | 'canAsk'>): Agreement {
  /** Whether the handler has sent anything since it was entered. */
  let hasSent = false;
  /** Questions that have no answer yet. */
  const asking = new Set<Promise<unknown>>();

  async function agrees(feed: string, checked: Checked<unknown>): Promise<boolean> {
    const { confirm } = checked.rule;
    if (confirm === null) return true;
    if (hasSent) throw sentBefore();
    if (confirm.otherwise === 'refuse' && !context.canAsk('form')) throw nobodyToAsk(checked.field);
    const question = [confirm.message ?? 'Publish this message?', inLines(checked.shown(feed))].join('\n');
    const asked = context.ask(keyOf(feed, checked), form(question, NOTHING_TO_FILL_IN));
    asking.add(asked);
    try {
      const { action } = await asked;
      return action === 'accept';
    } finally {
      asking.delete(asked);
    }
  }

  return {
    async to(feed, checked) {
      const isAgreed = await agrees(feed, checked);
      while (asking.size > 0) await Promise.all(asking);
      // In the same step in which no question is open, so that none begins in between.
      hasSent ||= isAgreed;
      return isAgreed;
    },
  };
}

/** A key that depends on the whole message, so that an answer never counts for another message of the handler's next entry. */
function keyOf(feed: string, { identity }: Checked<unknown>): string {
  return `publish.${digestOf(JSON.stringify([feed, ...identity]))}`;
}

function sentBefore(): TidegateError {
  return new TidegateError('invalid_config', 'a message that is to be confirmed comes after one that was sent', {
    field: 'feeds.publish',
    expected: 'messages that are to be confirmed first, several of them together (Promise.all)',
  });
}

function nobodyToAsk(field: string): TidegateError {
  return new TidegateError('invalid_input', 'Nothing was sent: a person has to agree, and this client cannot ask one', {
    field,
    hint: 'use a client that supports elicitation, of protocol version 2026-07-28',
  });
}
