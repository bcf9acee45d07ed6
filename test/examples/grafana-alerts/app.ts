/** Triggers and their alarms as alert rules, by the tools of grafana/mcp-grafana that read them. */
import * as z from 'zod';
import { type Alarm, type AppAlarms, defineApp, stream, TidegateError, tool, trigger } from 'tidegate';

const hosts = stream({
  description: 'Load of hosts',
  schema: z.object({ host: z.string(), cpu: z.number(), disk: z.number() }),
  key: 'host',
});

const triggers = {
  cpu_high: trigger({
    title: 'CPU is high',
    description: 'The mean of five minutes is above 90 %.',
    on: hosts,
    when: { kind: 'aggregate', of: 'mean', field: 'cpu', overMs: 300_000, above: 90 },
    alarm: { severity: 'major' },
  }),
  disk_full: trigger({
    title: 'Disk is full',
    description: 'More than 95 % of a disk are taken.',
    on: hosts,
    when: { kind: 'threshold', field: 'disk', above: 95 },
    alarm: { severity: 'critical' },
  }),
};

const iso = (time: number) => new Date(time).toISOString();
const isFiring = ({ state }: Alarm) => state === 'raised' || state === 'acknowledged';

/** A rule fires while one of its alarms stands. What is not known here, such as folders, is left out. */
async function ruleOf(uid: keyof typeof triggers, alarms: AppAlarms) {
  const { title, description, alarm } = triggers[uid];
  const instances = (await alarms.list({ trigger: uid })).filter(isFiring);
  return {
    uid,
    title: title ?? uid,
    state: instances.length > 0 ? 'firing' : 'inactive',
    health: 'ok',
    labels: { severity: String(alarm?.severity ?? 'warning') },
    annotations: { description },
    alerts: instances.map(({ key, state, value, raisedAt, by }) => ({
      labels: { host: key },
      state,
      value,
      activeAt: iso(raisedAt),
      acknowledgedBy: by,
    })),
  };
}

const isUid = (text: string): text is keyof typeof triggers => Object.hasOwn(triggers, text);
const read = (description: string) => ({ description, annotations: { readOnlyHint: true } });

const tools = {
  list_alert_rules: tool({
    ...read('The alert rules, with their state: firing or inactive.'),
    input: z.object({
      limit: z.int().min(1).max(200).default(100),
      page: z.int().min(1).default(1),
      label_selectors: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
    }),
    async run({ limit, page, label_selectors: wanted }, { alarms }) {
      const rules = await Promise.all(
        Object.keys(triggers)
          .filter(isUid)
          .map(async (uid) => ruleOf(uid, alarms)),
      );
      const passes = (labels: Record<string, string>) => wanted.every(({ name, value }) => labels[name] === value);
      const shown = rules.filter(({ labels }) => passes(labels)).slice((page - 1) * limit, page * limit);
      return { structured: { rules: shown.map(({ alerts: _alerts, ...rule }) => rule) } };
    },
  }),
  get_alert_rule_by_uid: tool({
    ...read('One alert rule, with what makes it fire.'),
    input: z.object({ uid: z.string() }),
    async run({ uid }, { alarms }) {
      if (isUid(uid)) return { structured: await ruleOf(uid, alarms) };
      throw new TidegateError('not_found', `There is no alert rule ${uid}`, {
        field: 'uid',
        hint: 'see list_alert_rules',
      });
    },
  }),
};

export default defineApp({
  name: 'grafana-alerts',
  version: '1.0.0',
  description: 'Alert rules of hosts',
  streams: { hosts },
  triggers,
  tools,
});
