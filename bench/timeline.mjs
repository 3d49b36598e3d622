// Where a run's seconds went, from its journal (.provision/<cluster>/journal/*.jsonl).

/** Journal text -> spans in seconds since the run began: what a run does as a whole, each step over all hosts, the longest actions. */
export function stagesOf(text) {
  const events = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const beganMs = Date.parse(events[0].at);
  const at = (event) => (Date.parse(event.at) - beganMs) / 1000;
  const spans = new Map();
  const actions = [];
  const begun = new Map();
  const stretch = (name, from, to, host) => {
    const span = spans.get(name) ?? { name, from, to, hosts: new Set() };
    spans.set(name, {
      name,
      from: Math.min(span.from, from),
      to: Math.max(span.to, to),
      hosts: host ? span.hosts.add(host) : span.hosts,
    });
  };
  let before = 0;
  for (const event of events) {
    if (event.type === 'connected') stretch('connect', 0, at(event), event.host);
    if (event.type === 'gathered' && actions.length === 0)
      stretch('gather facts', Math.max(0, at(event) - event.ms / 1000), at(event), event.host);
    if (event.type === 'planned') stretch('plan', before, at(event));
    if (event.type === 'action-started') begun.set(`${event.host} ${event.step}`, at(event));
    if (event.type === 'action-done') {
      const from = begun.get(`${event.host} ${event.step}`) ?? at(event) - event.ms / 1000;
      stretch(event.step, from, at(event), event.host);
      actions.push({
        host: event.host,
        step: event.step,
        what: event.action.summary,
        seconds: event.ms / 1000,
        to: at(event),
      });
    }
    before = at(event);
  }
  const end = at(events.at(-1));
  const lastAction = Math.max(0, ...actions.map((action) => action.to));
  return {
    spans: [...spans.values()].sort((a, b) => a.from - b.from),
    verify: { from: lastAction, to: end },
    longest: actions.sort((a, b) => b.seconds - a.seconds).slice(0, 15),
    seconds: end,
  };
}

export function timelineText({ spans, verify, longest, seconds }) {
  const width = 40;
  const row = ({ name, from, to, hosts }) => {
    const left = Math.round((from / seconds) * width);
    const bar = Math.max(1, Math.round(((to - from) / seconds) * width));
    const who = hosts === undefined || hosts.size === 0 ? '' : [...hosts].sort().join(',');
    return `  ${from.toFixed(1).padStart(6)} ${to.toFixed(1).padStart(6)}  ${' '.repeat(left)}${'█'.repeat(bar)}${' '.repeat(Math.max(0, width - left - bar))}  ${name} ${who}`.trimEnd();
  };
  const head = '   from     to   seconds since the run began';
  const slow = longest.map((a) => `  ${a.seconds.toFixed(1).padStart(6)} s  ${a.host}  ${a.step}: ${a.what}`);
  return [head, ...spans.map(row), row({ name: 'verify', ...verify }), '  longest actions:', ...slow].join('\n');
}
