/** `tidegate/testing`: an app in memory with a clock that the test moves and feeds that the test fills, for tests of your own app. */
export { type CalledTool, createTestApp, type TestApp, type TestAppOptions } from './hosts/testing/test-app.ts';
export { fakeFeed, type FakeFeed, type FakeItem } from './hosts/testing/fake-feed.ts';
export { createTestClock, type TestClock } from './hosts/testing/clock.ts';
export type { TestTask } from './hosts/testing/client.ts';
