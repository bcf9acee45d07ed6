/** The stack that a folder makes: one, and of the stage that was asked for, so that no other one is deployed over or deleted. Pure. */
import { TidegateError } from '../../../base/errors.ts';
import { AWS_FILE } from '../../platforms/aws-entry.ts';
import type { SynthesizedStack } from './cdk.ts';

interface Resource {
  Type: string;
  Properties?: {
    Environment?: { Variables?: Record<string, unknown> };
    EventSourceArn?: unknown;
    FunctionName?: { Ref?: string };
  };
}

function resourcesOf(template: string): Readonly<Record<string, Resource>> {
  return (JSON.parse(template) as { Resources?: Record<string, Resource> }).Resources ?? {};
}

/** The variables of each function of the app, as its template has them. */
export function functionVariables(template: string): Record<string, unknown>[] {
  const all = Object.values(resourcesOf(template)).map(({ Properties }) => Properties?.Environment?.Variables ?? {});
  return all.filter(({ STORE }) => STORE === 'dynamodb');
}

/** Queues of somebody's own that hand over messages, as far as they are given by their ARNs, with the feed of each. */
export function queuesByArn(template: string): { feed: string; arn: string }[] {
  const resources = resourcesOf(template);
  return Object.values(resources).flatMap(({ Properties: { EventSourceArn: arn, FunctionName } = {} }) => {
    if (typeof arn !== 'string' || !/:sqs:/.test(arn)) return [];
    const feed = resources[FunctionName?.Ref ?? '']?.Properties?.Environment?.Variables?.['TIDEGATE_FEED'];
    return typeof feed === 'string' ? [{ feed, arn }] : [];
  });
}

/**
 * @param stage null: the one without a name
 * @throws TidegateError `invalid_config` where there is another number of stacks, and where it is of another stage
 */
export function onlyStack(stacks: ReadonlyMap<string, SynthesizedStack>, stage: string | null): SynthesizedStack {
  const [first, ...more] = stacks.values();
  if (first === undefined || more.length > 0) {
    const message = `${AWS_FILE} makes ${stacks.size} stacks: ${[...stacks.keys()].join(', ')}`;
    const expected = 'one stack; several are for cdk deploy itself';
    throw new TidegateError('invalid_config', message, { field: AWS_FILE, expected });
  }
  const stages = functionVariables(first.template).map(({ TIDEGATE_STAGE }) => TIDEGATE_STAGE ?? null);
  const other = stages.find((one) => one !== stage);
  if (other === undefined) return first;
  const [asked, made] = [stage, other].map((one) =>
    one === null ? 'no stage' : `the stage ${typeof one === 'string' ? one : '?'}`,
  );
  const own = `stage: ${stage === null ? 'left out' : `'${stage}'`} in ${AWS_FILE}, or there stage: app.node.tryGetContext('stage')`;
  throw new TidegateError(
    'invalid_config',
    `${AWS_FILE} makes the stack ${first.name} of ${made}, and ${asked} is asked for`,
    {
      field: '--stage',
      expected: typeof other === 'string' ? `--stage ${other}; or ${own}` : own,
    },
  );
}
