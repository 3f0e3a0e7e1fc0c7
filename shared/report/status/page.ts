import { LEVEL_NAMES, LEVELS, type Level, type LevelName } from '../../environment/level.ts';
import { type Levels, type ServiceLevels, WINDOW_DAYS } from '../../environment/levels.ts';
import type { EnvironmentOverview, Overview } from '../../environment/overview.ts';
import { formatCount } from '../blocks.ts';
import { describeHeld, type Fact, listFacts } from './facts.ts';
import { html, Markup } from './markup.ts';
import { type MonthPlot, plotMonths } from './plot.ts';
import { STYLE } from './style.ts';
import { plotTimeline } from './timeline.ts';
import { findTroubles, judgeTroubles, type Standing, type Trouble } from './troubles.ts';
import { findSharedReason, formatLevel, formatTime, formatValue } from './values.ts';

const DAY = 86_400_000;

const PLOTS: readonly MonthPlot[] = [
  { level: 'leadTime', about: 'From the commit of an image to its first promotion, median.' },
  { level: 'changeFailureRate', about: 'Promotions that were rolled back or withdrawn, of all.' },
  { level: 'deploymentFrequency', about: 'Promotions that changed what is held.' },
  {
    level: 'evidenceCoverage',
    about: 'Evidence that counts, of what the rules need, at the end of a month.',
  },
  {
    level: 'openCriticals',
    about: 'Critical findings of the image at the end of a month, by its last scan.',
  },
  { level: 'imageSize', about: 'Compressed, largest platform, of the image at the end of a month.' },
];

/** The whole status as one HTML page: no script, nothing fetched; whatever its texts hold stays text, and its policy runs nothing. */
export async function renderStatusPage(
  overview: Overview,
  levels: readonly ServiceLevels[],
): Promise<string> {
  const { at, policy, environments } = overview;
  const troubles = findTroubles(overview);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${new Markup(await hashStyle())}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>What runs where · ${formatTime(at)} UTC</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<header>
<p class="over">Hallmark status</p>
<h1>What runs where</h1>
<p class="sub">Looked at ${formatTime(at)} UTC, by the policy <code>${policy}</code></p>
${showVerdict(environments, troubles)}
</header>
<section aria-labelledby="environments"><h2 id="environments">Environments</h2>
<div class="cards">${environments.map(showEnvironment)}</div></section>
${troubles.length === 0 ? undefined : showTroubles(troubles)}
<section aria-labelledby="time"><h2 id="time">What was where, and when</h2>${showTimelines(environments, Date.parse(at))}</section>
<section aria-labelledby="levels"><h2 id="levels">Service levels of the last ${WINDOW_DAYS} days</h2>${showLevels(levels)}</section>
<section aria-labelledby="months"><h2 id="months">By month</h2>
<div class="plots">${PLOTS.map((plot) => plotMonths(plot, levels))}</div></section>
<footer>From verified records and evidence alone. What could not be read is shown as not known, never as zero. Durations are medians; months and days are in UTC.</footer>
</main>
</body>
</html>
`;
  return page.text;
}

async function hashStyle(): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(STYLE));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(hash)))}'`;
}

const CLASSES: Readonly<Record<Standing, string>> = { good: 'good', unknown: 'warn', bad: 'bad' };

function showVerdict(environments: readonly EnvironmentOverview[], troubles: readonly Trouble[]): Markup {
  const { standing, words } = judgeTroubles(environments.length, troubles);
  return html`<p class="verdict ${CLASSES[standing]}">${words}</p>`;
}

function showEnvironment(environment: EnvironmentOverview): Markup {
  const { name, repository } = environment;
  const held = describeHeld(environment);
  return html`<article class="card"><h3>${name}</h3><p class="place"><code>${repository}</code></p>
<p class="holds ${held.tone}">${showSpans(held)}</p>
<dl>${listFacts(environment).map((fact) => html`<dt>${fact.label}</dt><dd class="${fact.tone}">${showSpans(fact)}</dd>`)}</dl></article>`;
}

function showSpans({ spans }: Fact): Markup[] {
  return spans.map((span) => (typeof span === 'string' ? html`${span} ` : html`<code>${span.code}</code> `));
}

const WORDS: Readonly<Record<Trouble['kind'], readonly [string, string]>> = {
  unknown: ['Not known', 'warn'],
  fault: ['Records', 'bad'],
  drift: ['Drift', 'bad'],
  hold: ['On hold', 'warn'],
  evidence: ['Evidence', 'bad'],
  age: ['Age', 'warn'],
  note: ['Note', 'quiet'],
};

function showTroubles(troubles: readonly Trouble[]): Markup {
  const most = 200;
  const items = troubles.slice(0, most).map(({ kind, environment, text }) => {
    const [word, colour] = WORDS[kind];
    return html`<li><b class="${colour}">${word}</b><span><b>${environment}</b> ${text}</span></li>`;
  });
  const rest = troubles.length - items.length;
  return html`<section aria-labelledby="troubles"><h2 id="troubles">To look at</h2><ul class="troubles">${items}</ul>${
    rest > 0
      ? html`<p class="note">… and ${formatCount(rest, 'more', 'more')}, in the report.</p>`
      : undefined
  }</section>`;
}

function showTimelines(environments: readonly EnvironmentOverview[], now: number): Markup {
  const recent = now - WINDOW_DAYS * DAY;
  const times = environments.flatMap(({ records }) =>
    'unknown' in records ? [] : records.value.flatMap(({ at }) => (at === undefined ? [] : [Date.parse(at)])),
  );
  const first = Math.max(now - 731 * DAY, Math.min(now, ...times));
  const last = plotTimeline('recent', `The last ${WINDOW_DAYS} days`, environments, {
    from: recent,
    until: now,
  });
  if (first > recent - WINDOW_DAYS * DAY) return last;
  return html`${last}${plotTimeline('history', 'Since the first record', environments, { from: first, until: now })}`;
}

function showLevels(levels: readonly ServiceLevels[]): Markup {
  return html`<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Level</th>${levels.map(
    ({ environment }) => html`<th scope="col">${environment.name}</th>`,
  )}</tr></thead><tbody>${LEVEL_NAMES.map(
    (name) =>
      html`<tr><th scope="row">${LEVELS[name].title}</th>${levels.map(({ recent }) => showCell(name, recent))}</tr>`,
  )}</tbody></table></div>`;
}

/** Where nothing is known for one reason, that reason stands once for all. */
function showCell(name: LevelName, recent: Levels): Markup | undefined {
  const reason = findSharedReason(recent);
  if (reason === undefined) return html`<td>${showLevel(name, recent[name])}</td>`;
  if (name !== LEVEL_NAMES[0]) return undefined;
  return html`<td rowspan="${LEVEL_NAMES.length}" class="warn">unknown: ${reason}</td>`;
}

function showLevel(name: LevelName, level: Level | undefined): Markup {
  if (level === undefined || !('value' in level)) {
    const unknown = level !== undefined && 'unknown' in level;
    return html`<span class="${unknown ? 'warn' : 'of'}">${formatLevel(name, level)}</span>`;
  }
  const value = formatValue(name, level.value);
  const rest = formatLevel(name, level).slice(value.length);
  return html`<span class="value">${value}</span> <span class="of">${rest}</span>`;
}
