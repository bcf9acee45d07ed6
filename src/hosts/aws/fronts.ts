/**
 * How HTTP reaches the functions: a function URL, which streams, and an HTTP API, which answers at once and limits rates.
 * Both are open to everyone, since clients of MCP cannot sign for IAM, or to those alone who can. Neither answers for CORS: the
 * server does it itself, by `ALLOWED_ORIGINS`, and a second one would double its headers.
 */
import { Duration } from 'aws-cdk-lib';
import { HttpApi, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { FunctionUrlAuthType, type IFunction, InvokeMode } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { API_SECONDS } from '../platforms/aws-checks.ts';
import type { Access } from './settings.ts';

/** Requests a second, and at once, through the HTTP API. */
const RATE = 50;
const BURST = 100;

/** Answers its URL, which ends in a slash. */
export function addStreamingUrl(handler: IFunction, access: Access): string {
  const { url } = handler.addFunctionUrl({
    authType: access === 'iam' ? FunctionUrlAuthType.AWS_IAM : FunctionUrlAuthType.NONE,
    invokeMode: InvokeMode.RESPONSE_STREAM,
  });
  return url;
}

interface HttpFront {
  /** It ends in a slash. */
  url: string;
  api: HttpApi;
}

export function addHttpApi(scope: Construct, handler: IFunction, access: Access): HttpFront {
  // Its permission to call the function ends in `/*/*`: any stage and route of this API, which has one of each.
  const integration = new HttpLambdaIntegration('Buffered', handler, { timeout: Duration.seconds(API_SECONDS) });
  const api = new HttpApi(scope, 'Api', {
    createDefaultStage: false,
    defaultIntegration: integration,
    ...(access === 'iam' ? { defaultAuthorizer: new HttpIamAuthorizer() } : {}),
  });
  const stage = new HttpStage(scope, 'ApiStage', {
    httpApi: api,
    stageName: '$default',
    autoDeploy: true,
    throttle: { rateLimit: RATE, burstLimit: BURST },
  });
  return { url: stage.url, api };
}
