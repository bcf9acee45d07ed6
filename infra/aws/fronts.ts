/**
 * How HTTP reaches the functions: a function URL, which streams, and an HTTP API, which answers at once and limits rates.
 * Both are open to everyone, since clients of MCP cannot sign for IAM, or to those alone who can.
 */
import { Duration, type Stack } from 'aws-cdk-lib';
import { HttpApi, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { FunctionUrlAuthType, type IFunction, InvokeMode } from 'aws-cdk-lib/aws-lambda';

/** The longest that an HTTP API waits. */
export const API_SECONDS = 29;

/** Requests a second, and at once, through the HTTP API. */
const RATE = 50;
const BURST = 100;

export type Access = 'open' | 'iam';

/** Answers its URL, which ends in a slash. */
export function addStreamingUrl(handler: IFunction, access: Access): string {
  const { url } = handler.addFunctionUrl({
    authType: access === 'iam' ? FunctionUrlAuthType.AWS_IAM : FunctionUrlAuthType.NONE,
    invokeMode: InvokeMode.RESPONSE_STREAM,
  });
  return url;
}

/** Answers its URL, which ends in a slash. */
export function addHttpApi(stack: Stack, handler: IFunction, access: Access): string {
  // Its permission to call the function ends in `/*/*`: any stage and route of this API, which has one of each.
  const integration = new HttpLambdaIntegration('Buffered', handler, { timeout: Duration.seconds(API_SECONDS) });
  const api = new HttpApi(stack, 'Api', {
    createDefaultStage: false,
    defaultIntegration: integration,
    ...(access === 'iam' ? { defaultAuthorizer: new HttpIamAuthorizer() } : {}),
  });
  const stage = new HttpStage(stack, 'ApiStage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    throttle: { rateLimit: RATE, burstLimit: BURST },
  });
  return stage.url;
}
