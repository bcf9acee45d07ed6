/** `tidegate/aws`: an app on AWS from one's own folder, as a construct of CDK or a whole stack. */
export { Tidegate, type TidegateFunctions } from './hosts/aws/construct.ts';
export { createTidegateStack } from './hosts/aws/stack.ts';
export type { Access, AuthSetting, LogDays, TidegateProps, TidegateSettings } from './hosts/aws/settings.ts';
export type { EventBridgeSource, IotSource, KinesisSource, Source, SqsSource } from './hosts/aws/sources.ts';
export type { BundleChoices } from './hosts/aws/bundle.ts';
