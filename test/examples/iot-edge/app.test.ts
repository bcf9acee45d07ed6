/** The tools of IoT-Edge-MCP-Server that need no Modbus: by name, parameters and effect, on a real broker. */
import { Client, type ElicitResult, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';
import { ingest } from '../../../src/schedule.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { publish } from '../../feeds/mqtt/bursts.ts';
import { meanwhile, outletOf, real } from '../../feeds/mqtt/outlets.ts';
import { type Served, serveApp } from '../../mcp/served.ts';
import { requireService } from '../../services/available.ts';
import { type RunningMosquitto, startMosquitto } from '../../services/mosquitto.ts';
import { iotEdge } from './app.ts';

describe.skipIf(!requireService('mosquitto'))('what IoT-Edge-MCP-Server offers (needs mosquitto)', () => {
  let broker: RunningMosquitto;
  let served: Served;
  let client: Client;
  let answer: ElicitResult = { action: 'accept', content: {} };
  const questions: string[] = [];
  let early: Awaited<ReturnType<typeof call>>;

  beforeAll(async () => {
    broker = await startMosquitto();
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const app = iotEdge(url);
    const store = createMemoryStore({});
    const runtime = { ...systemRuntime(() => {}), connect };
    served = await serveApp(app, { builtIns: true, connect, store });
    const versionNegotiation = { mode: { pin: '2026-07-28' } } as const;
    client = new Client({ name: 't', version: '0' }, { versionNegotiation, capabilities: { elicitation: {} } });
    client.setRequestHandler('elicitation/create', ({ params }) => {
      questions.push(params.message);
      return answer;
    });
    await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
    early = await call('get_system_status');

    await ingest({ app, store, runtime }, Date.now() + 10_000);
    await publish(
      broker.port,
      [20, 22.5, 21].map((value) => ({
        topic: 'plant/sensors/temp_sensor_01',
        payload: JSON.stringify({ value, unit: '°C', quality: 98 }),
      })),
    );
    const later = { ...runtime, now: () => Date.now() + 5_000 };
    await ingest({ app, store, runtime: later }, later.now() + 10_000);
  });
  afterAll(async () => {
    await client.close();
    await served.close();
    await broker.stop();
  });

  async function call(name: string, args: Record<string, unknown> = {}) {
    const { content, structuredContent, isError = false } = await client.callTool({ name, arguments: args });
    return { text: (content as { text: string }[])[0]?.text, structured: structuredContent, isError };
  }

  test('its tools have its parameters', async () => {
    const { tools } = await client.listTools();
    const parameters = Object.fromEntries(
      tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {})]),
    );
    expect(parameters).toMatchObject({
      read_sensor: ['sensor_id'],
      read_multiple_sensors: ['sensor_ids'],
      get_sensor_history: ['sensor_id', 'hours', 'aggregation'],
      execute_actuator_command: ['actuator_id', 'command', 'parameters'],
      get_device_topology: [],
      get_active_alarms: ['priority'],
      acknowledge_alarm: ['alarm_id'],
      list_devices: ['device_type'],
      get_system_status: [],
    });
  });

  test('read_sensor answers the newest value', async () => {
    const { structured } = await call('read_sensor', { sensor_id: 'temp_sensor_01' });
    expect(structured).toMatchObject({
      sensor_id: 'temp_sensor_01',
      value: 21,
      unit: '°C',
      quality: 98,
      source: 'live',
    });
    expect(Date.parse((structured as { timestamp: string }).timestamp)).toBeGreaterThan(Date.now() - 60_000);
    expect(await call('read_sensor', { sensor_id: 'pressure_sensor_01' })).toMatchObject({ isError: true });
    expect(await call('read_sensor', { sensor_id: 'valve_01' })).toMatchObject({
      isError: true,
      text: expect.stringMatching(/Argument: sensor_id\./),
    });
  });

  test('read_multiple_sensors answers each, or why not', async () => {
    const sensor_ids = ['temp_sensor_01', 'pressure_sensor_01', 'nothing'];
    const { structured } = await call('read_multiple_sensors', { sensor_ids });
    expect(structured).toMatchObject({
      readings: [
        { sensor_id: 'temp_sensor_01', value: 21 },
        { sensor_id: 'pressure_sensor_01', error: expect.stringMatching(/Nothing was heard/) },
        { sensor_id: 'nothing', error: expect.stringMatching(/no sensor nothing/) },
      ],
    });
  });

  test.each([
    ['mean', 63.5 / 3],
    ['max', 22.5],
    ['min', 20],
    ['sum', 63.5],
    ['count', 3],
    ['median', 21],
  ])('get_sensor_history makes the %s', async (aggregation, value) => {
    const { structured } = await call('get_sensor_history', { sensor_id: 'temp_sensor_01', hours: 1, aggregation });
    expect(structured).toMatchObject({ points: [{ sensor_id: 'temp_sensor_01', value, aggregation }], complete: true });
  });

  test('get_sensor_history answers the points themselves, and above a day the mean', async () => {
    const raw = await call('get_sensor_history', { sensor_id: 'temp_sensor_01' });
    const { points } = raw.structured as { points: { value: number }[] };
    expect(points.map(({ value }) => value)).toEqual([20, 22.5, 21]);
    const week = await call('get_sensor_history', { sensor_id: 'temp_sensor_01', hours: 168 });
    expect(week.structured).toMatchObject({ points: [{ aggregation: 'mean' }] });
    expect(await call('get_sensor_history', { sensor_id: 'temp_sensor_01', hours: 169 })).toMatchObject({
      isError: true,
    });
  });

  test('execute_actuator_command reaches the actuator when a person agrees, and is on record', async () => {
    const actuator = outletOf({ url: `mqtt://127.0.0.1:${broker.port}`, topics: { read: ['#'] } });
    const heard = actuator.receive({ topic: 'plant/actuators/#', timeoutMs: 20_000 }, real());
    const args = { actuator_id: 'valve_01', command: 'set_position', parameters: { position: 75 } };
    const { messages } = await meanwhile(heard, async () => {
      const said = await call('execute_actuator_command', args);
      expect(said).toMatchObject({ isError: false, structured: { ...args, status: 'acknowledged' } });
    });
    expect(messages).toMatchObject([
      { topic: 'plant/actuators/valve_01', payload: { command: 'set_position', parameters: { position: 75 } } },
    ]);
    expect(questions[0]).toBe(
      'Send this command to the plant?\nTopic: plant/actuators/valve_01 (plant)\nPayload: {"command":"set_position","parameters":{"position":75}}',
    );
    const { structured } = await call('read_latest', { stream: 'commands' });
    expect(structured).toMatchObject({
      events: [{ data: { outcome: 'acknowledged', topic: 'plant/actuators/valve_01' } }],
    });
  });

  test('and does not where they do not, nor for what no actuator knows', async () => {
    answer = { action: 'decline' };
    const said = await call('execute_actuator_command', { actuator_id: 'pump_01', command: 'on' });
    expect(said).toMatchObject({ isError: false, structured: { status: 'declined' } });
    const asked = questions.length;
    for (const args of [
      { actuator_id: 'pump_01', command: 'explode' },
      { actuator_id: 'temp_sensor_01', command: 'on' },
    ]) {
      expect(await call('execute_actuator_command', args)).toMatchObject({
        isError: true,
        text: expect.stringMatching(/There is no actuator .*\nArgument: actuator_id\./),
      });
    }
    expect(questions).toHaveLength(asked);
  });

  test('list_devices and get_device_topology tell what there is', async () => {
    const { structured } = await call('list_devices', { device_type: 'sensor' });
    expect(structured).toMatchObject({
      devices: [
        { device_id: 'temp_sensor_01', type: 'sensor', protocol: 'mqtt', status: 'online' },
        { device_id: 'pressure_sensor_01', status: 'offline', last_seen: null },
      ],
    });
    const topology = await call('get_device_topology');
    expect(topology.structured).toMatchObject({
      total_devices: 4,
      sensors: 2,
      actuators: 2,
      protocols: { mqtt: 4 },
      status: { online: 1, offline: 1, unknown: 2 },
    });
    expect((topology.structured as { devices: object[] }).devices).toHaveLength(4);
  });

  test('get_system_status tells how the connection is', async () => {
    expect(early.structured).toMatchObject({ connections: { mqtt: { connected: false, state: 'never-run' } } });
    const { structured } = await call('get_system_status');
    expect(structured).toMatchObject({
      connections: { mqtt: { connected: true, state: 'ok', lastError: null } },
      devices: { total: 4, online: 1 },
    });
  });
});
