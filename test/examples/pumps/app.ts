/** The app of the page on MQTT, for publishing: pumps that are moved over MQTT, and asked how they are. */
import * as z from 'zod';
import { defineApp, from, mqtt, type MqttTopics, publishAudit, type Secret, secret, stream } from 'tidegate';

// #region publishing
const topics: MqttTopics = {
  read: ['plant/#'],
  publish: [
    {
      topic: 'plant/pumps/+/set',
      description: 'Sets how fast a pump turns',
      schema: z.object({ rpm: z.int().min(0).max(3_000).meta({ unit: '1/min' }) }),
      confirm: 'Change the speed of this pump?',
    },
    { topic: 'plant/pumps/+/ask', response: { topic: 'plant/pumps/+/answer', correlation: 'id' } },
  ],
  audit: 'published',
};
// #endregion

export function pumpsApp(url: string | Secret) {
  return defineApp({
    name: 'pumps',
    version: '1.0.0',
    description: 'Pumps that turn as they are told',
    feeds: { plant: mqtt({ url, clientId: 'tidegate-pumps', topics }) },
    streams: {
      speeds: stream({
        description: 'How fast each pump turns',
        schema: z.object({ rpm: z.number().meta({ unit: '1/min' }) }),
        feed: from('plant', { topic: 'plant/pumps/+/speed', keyLevel: 2 }),
      }),
      published: publishAudit(),
    },
  });
}

export default pumpsApp(process.env['MQTT_URL'] ? secret('MQTT_URL') : 'mqtt://127.0.0.1:1883');
