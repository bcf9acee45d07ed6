/** For tests: the same as in development. */
export { startMosquitto, type RunningMosquitto } from '../../infra/local/mosquitto.ts';
