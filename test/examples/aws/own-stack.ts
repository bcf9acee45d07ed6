/** The app as a part of somebody's own stack. */
import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Tidegate } from 'tidegate/aws';
import app from './app.ts';

export const cdk = new App();
const stack = new Stack(cdk, 'plant');
const gate = new Tidegate(stack, 'Gate', { app, appFile: new URL('app.ts', import.meta.url), auth: 'keys' });

const reports = new Bucket(stack, 'Reports');
for (const each of gate.allFunctions) {
  reports.grantRead(each);
  each.addEnvironment('REPORTS', reports.bucketName);
}
