/** How the simulated plant behaves: slow waves, noise, and pumps that stop and start. Pure: time and chance come in. */

type PumpState = 'running' | 'stopped' | 'fault';

export interface Unit {
  name: string;
  pump: string;
  /** °C around which it runs. */
  nominal: number;
  /** Shifts its slow wave against those of the others, in radians. */
  phase: number;
  temperature: number;
  pressure: number;
  state: PumpState;
  /** When the pump's state was last published, epoch ms. It is published when it changes and at intervals. */
  toldAt: number;
  tellsState: boolean;
}

const WAVE_MS = 10 * 60_000;
const WAVE_CELSIUS = 3;
/** A unit whose pump stands grows warmer by this. */
const STANDING_CELSIUS = 9;
const RUNNING_BAR = 3.2;
const STANDING_BAR = 0.4;
const TELL_EVERY_MS = 15_000;

/** Chance of each change in one step: a pump runs for some minutes and stands for some tens of seconds. */
const CHANGES: Record<PumpState, readonly (readonly [PumpState, number])[]> = {
  running: [
    ['stopped', 1 / 180],
    ['fault', 1 / 600],
  ],
  stopped: [['running', 1 / 25]],
  fault: [['running', 1 / 60]],
};

/** The unit one step later: it moves towards where its wave and its pump draw it, with a little noise. */
export function advance(unit: Unit, time: number, random: () => number): Unit {
  const state = nextState(unit.state, random());
  const wave = WAVE_CELSIUS * Math.sin((2 * Math.PI * time) / WAVE_MS + unit.phase);
  const warm = unit.nominal + wave + (state === 'running' ? 0 : STANDING_CELSIUS);
  const bar = state === 'running' ? RUNNING_BAR : STANDING_BAR;
  const noise = (width: number) => (random() - 0.5) * width;
  const tellsState = state !== unit.state || time - unit.toldAt >= TELL_EVERY_MS;
  return {
    ...unit,
    state,
    temperature: unit.temperature + (warm - unit.temperature) * 0.05 + noise(0.3),
    pressure: Math.max(0, unit.pressure + (bar - unit.pressure) * 0.3 + noise(0.06)),
    toldAt: tellsState ? time : unit.toldAt,
    tellsState,
  };
}

function nextState(state: PumpState, chance: number): PumpState {
  let below = 0;
  for (const [next, probability] of CHANGES[state]) {
    below += probability;
    if (chance < below) return next;
  }
  return state;
}

/** What a unit publishes in a step; a pump's state is retained, so that who comes later knows it. */
export function readings(unit: Unit, time: number): { topic: string; payload: object; retain: boolean }[] {
  const base = { time, simulated: true };
  const temperature = { value: round(unit.temperature, 1), unit: '°C', ...base };
  const pressure = { value: round(unit.pressure, 2), unit: 'bar', ...base };
  return [
    { topic: `plant/${unit.name}/temperature`, payload: temperature, retain: false },
    { topic: `plant/${unit.name}/pressure`, payload: pressure, retain: false },
    ...(unit.tellsState
      ? [{ topic: `plant/${unit.pump}/state`, payload: { state: unit.state, ...base }, retain: true }]
      : []),
  ];
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

export const UNITS: readonly Unit[] = [
  unit('boiler-1', 'pump-1', 78, 0),
  unit('boiler-2', 'pump-2', 82, 2),
  unit('cooler-1', 'pump-3', 14, 4),
];

function unit(name: string, pump: string, nominal: number, phase: number): Unit {
  const start = { temperature: nominal, pressure: RUNNING_BAR, state: 'running' as const };
  return { name, pump, nominal, phase, ...start, toldAt: 0, tellsState: false };
}
