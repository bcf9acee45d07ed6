/** How HTTP reaches the functions: a function URL, which streams, and an HTTP API, which answers at once and limits rates. */
import { Duration, type Stack } from 'aws-cdk-lib';
import { HttpApi, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { FunctionUrlAuthType, type IFunction, InvokeMode } from 'aws-cdk-lib/aws-lambda';

/** The longest that an HTTP API waits. */
export const API_SECONDS = 29;

/** Requests a second, and at once, through the HTTP API. */
const RATE = 50;
const BURST = 100;

/** Open to everyone, since clients of MCP cannot sign for IAM. Answers its URL, which ends in a slash. */
export function addStreamingUrl(handler: IFunction): string {
  const { url } = handler.addFunctionUrl({
    authType: FunctionUrlAuthType.NONE,
    invokeMode: InvokeMode.RESPONSE_STREAM,
  });
  return url;
}

/** Answers its URL, which ends in a slash. */
export function addHttpApi(stack: Stack, handler: IFunction): string {
  const integration = new HttpLambdaIntegration('Buffered', handler, { timeout: Duration.seconds(API_SECONDS) });
  const api = new HttpApi(stack, 'Api', { createDefaultStage: false, defaultIntegration: integration });
  const stage = new HttpStage(stack, 'ApiStage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    throttle: { rateLimit: RATE, burstLimit: BURST },
  });
  return stage.url;
}
