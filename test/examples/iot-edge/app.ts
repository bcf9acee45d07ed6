/**
 * What poly-mcp/IoT-Edge-MCP-Server offers without Modbus, declared: sensors and actuators on MQTT, history with
 * aggregation, commands that a person confirms and that are on record, and alarms of sensors.
 */
import * as z from 'zod';
import {
  type AppStreams,
  defineApp,
  from,
  mqtt,
  publishAudit,
  stream,
  TidegateError,
  tool,
  trigger,
  type Alarm,
  secret,
  type Secret,
} from 'tidegate';

const device = (type: 'sensor' | 'actuator', kind: string, commands: string[] = []) => ({ type, kind, commands });
const DEVICES = new Map([
  ['temp_sensor_01', device('sensor', 'temperature')],
  ['pressure_sensor_01', device('sensor', 'pressure')],
  ['valve_01', device('actuator', 'valve', ['open', 'close', 'set_position'])],
  ['pump_01', device('actuator', 'pump', ['on', 'off', 'set_speed'])],
]);
const ONLINE_MS = 300_000;
const MOST_PAGES = 50;
const read = (description: string) => ({ description, annotations: { readOnlyHint: true } });
const readings = stream({
  description: 'What each sensor measures',
  schema: z.object({ value: z.number(), unit: z.string().default(''), quality: z.number().default(100) }),
  feed: from('plant', { topic: 'plant/sensors/+', keyLevel: 2 }),
});
const Command = z.object({ command: z.string(), parameters: z.record(z.string(), z.json()).default({}) });
const iso = (time: number) => new Date(time).toISOString();

function check(id: string, type: 'sensor' | 'actuator', command?: string): void {
  const found = DEVICES.get(id);
  if (found?.type === type && (command === undefined || found.commands.includes(command))) return;
  const wanted = `${type} ${id}${command === undefined ? '' : ` that knows ${command}`}`;
  throw new TidegateError('not_found', `There is no ${wanted}`, { field: `${type}_id`, hint: 'see list_devices' });
}

async function readSensor(streams: AppStreams, now: number, sensor_id: string) {
  check(sensor_id, 'sensor');
  const event = await streams.latest(readings, sensor_id);
  if (!event?.data) throw new TidegateError('not_found', `Nothing was heard of ${sensor_id} yet`);
  const { time, data } = event;
  return { sensor_id, ...data, timestamp: iso(time), source: now - time < ONLINE_MS ? 'live' : 'cache' };
}

async function listDevices(streams: AppStreams, now: number, wanted?: string) {
  const seen = new Map((await streams.latestByKey(readings)).events.map(({ key, time }) => [key, time]));
  const all = [...DEVICES].filter(([, { type }]) => type === (wanted ?? type));
  return all.map(([device_id, { type, ...metadata }]) => {
    const at = seen.get(device_id);
    const status = type === 'actuator' ? 'unknown' : now - (at ?? 0) < ONLINE_MS ? 'online' : 'offline';
    return { device_id, type, protocol: 'mqtt', status, last_seen: at === undefined ? null : iso(at), metadata };
  });
}

const AGGREGATIONS = { mean: 'mean', sum: 'sum', count: 'count', min: 'min', max: 'max', median: 'p50' } as const;
const Hours = z.number().positive().max(168).default(24);
const Aggregation = z.enum(['mean', 'sum', 'count', 'min', 'max', 'median']).describe('Default above 24 hours: mean');
const failed = (sensor_id: string) => (error: unknown) => ({ sensor_id, error: String(error) });
const counts = <Item>(all: readonly Item[], of: (item: Item) => string) =>
  Object.fromEntries(Object.entries(Object.groupBy(all, of)).map(([name, some]) => [name, some?.length ?? 0]));

const LIMITS = { temp_sensor_01: 80, pressure_sensor_01: 6 };
/** Its priorities by our severities. */
const PRIORITIES = { critical: 'critical', major: 'high', minor: 'medium', warning: 'medium', info: 'low' } as const;
const triggers = Object.fromEntries(
  Object.entries(LIMITS).map(([sensor, above]) => [
    `${sensor}_high`,
    trigger({
      title: `${sensor} is high`,
      description: `${sensor} measures more than ${above}.`,
      on: readings,
      when: { kind: 'threshold', key: sensor, field: 'value', above },
      alarm: { severity: ({ value }) => ((value ?? 0) > above * 1.2 ? 'critical' : 'major') },
    }),
  ]),
);
const alarmId = ({ trigger: name, key }: Alarm) => `${name}/${key}`;
const shownAlarm = (alarm: Alarm) => ({
  alarm_id: alarmId(alarm),
  device_id: alarm.key,
  priority: PRIORITIES[alarm.severity],
  message: alarm.title,
  value: alarm.value,
  timestamp: iso(alarm.raisedAt),
  acknowledged: alarm.state === 'acknowledged' || alarm.state === 'cleared',
  acknowledged_by: alarm.by,
});

const tools = {
  get_active_alarms: tool({
    ...read('The alarms that stand, of one priority or of all.'),
    input: z.object({ priority: z.enum(['low', 'medium', 'high', 'critical']).optional() }),
    async run({ priority }, { alarms }) {
      const shown = (await alarms.list()).map(shownAlarm);
      return { structured: { alarms: shown.filter((alarm) => alarm.priority === (priority ?? alarm.priority)) } };
    },
  }),
  acknowledge_alarm: tool({
    description: 'Says that somebody takes care of an alarm.',
    input: z.object({ alarm_id: z.string() }),
    async run({ alarm_id }, { alarms }) {
      const [name = '', ...key] = alarm_id.split('/');
      const done = await alarms.act({ trigger: name, key: key.join('/') }, { action: 'acknowledge' });
      return { structured: { success: true, ...shownAlarm(done.alarm) } };
    },
  }),
  read_sensor: tool({
    ...read('The current value of a sensor.'),
    input: z.object({ sensor_id: z.string() }),
    run: async ({ sensor_id }, { streams, now }) => ({ structured: await readSensor(streams, now(), sensor_id) }),
  }),
  read_multiple_sensors: tool({
    ...read('The current values of several sensors; of those that have none, why.'),
    input: z.object({ sensor_ids: z.array(z.string()).min(1).max(100) }),
    async run({ sensor_ids }, { streams, now }) {
      const reads = sensor_ids.map((id) => readSensor(streams, now(), id).catch(failed(id)));
      return { structured: { readings: await Promise.all(reads) } };
    },
  }),
  get_sensor_history: tool({
    ...read('What a sensor measured, or one number made of it.'),
    input: z.object({ sensor_id: z.string(), hours: Hours, aggregation: Aggregation.optional() }),
    async run({ sensor_id, hours, aggregation = hours > 24 ? 'mean' : undefined }, { streams, now }) {
      check(sensor_id, 'sensor');
      const range = { from: now() - hours * 3_600_000, keys: [sensor_id] };
      if (aggregation !== undefined) {
        const name = AGGREGATIONS[aggregation];
        const { rows, complete } = await streams.windows(readings, {
          ...range,
          window: 'all',
          field: 'value',
          aggregates: [name],
        });
        const made = { timestamp: iso(now()), value: rows[0]?.values[name], sensor_id, aggregation };
        return { structured: { points: rows.length === 0 ? [] : [made], complete } };
      }
      let { events, cursor } = await streams.history(readings, { ...range, limit: 1_000 });
      for (let page = 1; page < MOST_PAGES && cursor !== null; page += 1) {
        const more = await streams.history(readings, { ...range, limit: 1_000, cursor });
        events = [...events, ...more.events];
        ({ cursor } = more);
      }
      const points = events.map(({ time, data }) => ({ timestamp: iso(time), value: data?.value ?? null, sensor_id }));
      return { structured: { points, complete: cursor === null } };
    },
  }),
  execute_actuator_command: tool({
    description: 'Sends a command to an actuator, once a person agreed.',
    input: z.object({ actuator_id: z.string(), ...Command.shape }),
    async run({ actuator_id, ...payload }, { feeds, now }) {
      check(actuator_id, 'actuator', payload.command);
      const { status, reason } = await feeds.publish('plant', { topic: `plant/actuators/${actuator_id}`, payload });
      const structured = { actuator_id, ...payload, status, reason, timestamp: iso(now()) };
      return { structured, isError: status === 'refused' || status === 'unknown' };
    },
  }),
  list_devices: tool({
    ...read('The devices, with what is known of each.'),
    input: z.object({ device_type: z.enum(['sensor', 'actuator']).optional() }),
    async run({ device_type: type }, { streams, now }) {
      return { structured: { devices: await listDevices(streams, now(), type) } };
    },
  }),
  get_device_topology: tool({
    ...read('All devices, and how many there are of each kind.'),
    async run(_input, { streams, now }) {
      const devices = await listDevices(streams, now());
      const { sensor: sensors = 0, actuator: actuators = 0 } = counts(devices, ({ type }) => type);
      const totals = { total_devices: devices.length, sensors, actuators, protocols: { mqtt: devices.length } };
      return { structured: { ...totals, status: counts(devices, ({ status }) => status), devices } };
    },
  }),
  get_system_status: tool({
    ...read('How the plant and its connection are.'),
    async run(_input, { streams, feeds, now }) {
      const [all, health] = await Promise.all([listDevices(streams, now()), feeds.health('plant')]);
      const connections = { mqtt: { connected: health.state === 'ok' || health.state === 'running', ...health } };
      const devices = { total: all.length, ...counts(all, ({ status }) => status) };
      return { structured: { timestamp: iso(now()), connections, devices } };
    },
  }),
};

export function iotEdge(url: string | Secret) {
  const rule = { topic: 'plant/actuators/+', schema: Command, confirm: 'Send this command to the plant?' };
  const topics = { read: ['plant/sensors/+'], publish: [rule], audit: 'commands' };
  return defineApp({
    name: 'iot-edge',
    version: '1.0.0',
    description: 'Sensors and actuators of a plant',
    feeds: { plant: mqtt({ url, clientId: 'iot-edge', everyMs: 5_000, topics }) },
    streams: { readings, commands: publishAudit() },
    triggers,
    tools,
    builtIns: { list_alarms: false, acknowledge_alarm: false },
  });
}

export default iotEdge(process.env['MQTT_URL'] ? secret('MQTT_URL') : 'mqtt://127.0.0.1:1883');
