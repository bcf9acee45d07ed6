/** The picture of the README: USD a month over agents, both in powers of ten, for agents that poll each 5 s and each 5 min. SVG, pure. */
import type { Measured } from './measured.ts';
import { waysOf } from './ways.ts';
import type { Workload } from './workload.ts';

const PANELS = [
  { title: 'each agent polls every 5 s', pollMs: 5_000 },
  { title: 'each agent polls every 5 min', pollMs: 300_000 },
] as const;
/** Powers of ten: agents, and USD a month. */
const AGENTS = { from: 2, to: 6 };
const USD = { from: 0, to: 7 };
const STEPS = 24;
const PANEL = { width: 330, height: 260, left: 52, top: 34, gap: 56 };
const WIDTH = PANEL.left + 2 * PANEL.width + PANEL.gap + 14;
const LEGEND_TOP = PANEL.top + PANEL.height + 52;
const HEIGHT = LEGEND_TOP + 62;
/** Told apart without their colours too, by their dashes. */
const STROKES = [
  { colour: '#e8710a', dash: '' },
  { colour: '#c2185b', dash: '9 3' },
  { colour: '#1a8f4c', dash: '' },
  { colour: '#3b7ddd', dash: '9 3' },
  { colour: '#9a62d6', dash: '2 3' },
  { colour: '#808890', dash: '2 3' },
] as const;

/** No theme is asked for: a picture cannot know that of its page, so each colour is told apart from white and from black. */
const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #737c86; }
.grid { stroke: #737c86; stroke-opacity: 0.3; }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
`;

const powers = ({ from, to }: { from: number; to: number }) =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);
const round = (value: number) => Math.round(value * 10) / 10;
const powerText = (power: number) => `10${String(power).replace(/\d/g, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(Number(digit)))}`;

export function pictureOf(workload: Workload, measured: Measured): string {
  const names = waysOf(workload, measured).map(({ name }) => name);
  const panels = PANELS.map(({ title, pollMs }, at) => {
    const left = PANEL.left + at * (PANEL.width + PANEL.gap);
    return panelOf({ ...workload, pollMs }, measured, title, left);
  });
  const legend = names.map((name, at) => {
    const [x, y] = [PANEL.left + (at % 3) * 235, LEGEND_TOP + Math.floor(at / 3) * 24];
    return `${lineOf(at, `M${x} ${y}h36`)}<text x="${x + 44}" y="${y + 4}">${name}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `<title>USD a month over agents, for six ways to serve them</title><style>${STYLE}</style>`,
    ...panels.flat(),
    ...legend,
    '</svg>\n',
  ].join('\n');
}

function panelOf(workload: Workload, measured: Measured, title: string, left: number): string[] {
  const right = left + PANEL.width;
  const bottom = PANEL.top + PANEL.height;
  const xOf = (power: number) => round(left + ((power - AGENTS.from) / (AGENTS.to - AGENTS.from)) * PANEL.width);
  const yOf = (power: number) => round(bottom - ((power - USD.from) / (USD.to - USD.from)) * PANEL.height);
  const grid = [
    ...powers(USD).map(
      (power) =>
        `<path class="grid" d="M${left} ${yOf(power)}H${right}"/><text x="${left - 6}" y="${yOf(power) + 4}" text-anchor="end">${powerText(power)}</text>`,
    ),
    ...powers(AGENTS).map(
      (power) =>
        `<path class="grid" d="M${xOf(power)} ${PANEL.top}V${bottom}"/><text x="${xOf(power)}" y="${bottom + 16}" text-anchor="middle">${powerText(power)}</text>`,
    ),
  ];
  const points = Array.from({ length: STEPS + 1 }, (_, at) => AGENTS.from + (at / STEPS) * (AGENTS.to - AGENTS.from));
  const curves = points.map((power) => waysOf({ ...workload, agents: 10 ** power }, measured));
  const lines = (curves[0] ?? []).map((_way, at) => {
    const path = curves.map((ways, step) => {
      const usd = Math.log10(Math.max(1, ways[at]?.bill.usd ?? 1));
      return `${step === 0 ? 'M' : 'L'}${xOf(points[step] ?? AGENTS.from)} ${yOf(usd)}`;
    });
    return lineOf(at, path.join(''));
  });
  return [
    `<text x="${left}" y="${PANEL.top - 14}">USD a month, ${title}</text>`,
    `<text x="${right}" y="${bottom + 32}" text-anchor="end">agents</text>`,
    ...grid,
    ...lines,
  ];
}

function lineOf(at: number, path: string): string {
  const { colour, dash } = STROKES[at % STROKES.length] ?? STROKES[0];
  return `<path class="line" stroke="${colour}"${dash === '' ? '' : ` stroke-dasharray="${dash}"`} d="${path}"/>`;
}
