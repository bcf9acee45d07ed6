/** Packages that a deployment runs with, and which the operator installs beside the app. */

export const CLOUDFLARE_PACKAGES = ['wrangler'] as const;

/** The last one puts secrets. */
export const AWS_PACKAGES = [
  'aws-cdk',
  'aws-cdk-lib',
  'constructs',
  'esbuild',
  '@aws-sdk/client-secrets-manager',
] as const;
