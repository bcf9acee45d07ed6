/** The app that asks, as `tidegate start` serves it; run by a test in three processes. */
import { askingApp } from '../../calls/asking-app.ts';

export default askingApp;
