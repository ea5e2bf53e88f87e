// SPDX-License-Identifier: BSD-2-Clause
// All parts but the timeline: one run's details, the failed and the slowest runs, durations, workers, and the table.

const field = (name, value) => value === '' || value === null ? [] : [make('dt', '', name), make('dd', '', value)];

// Lines that the keys can scroll.
function lines_of(name, text) {
	const lines = make('pre', '', text);

	lines.tabIndex = 0;
	lines.setAttribute('aria-label', name);
	return lines;
}

// The end of what a run wrote to a stream, or a line that says why it is not in the page.
function output_of(name, stream) {
	if (stream.length === 0) return [];
	if (stream.end === null) {
		return [make('p', 'hint', name + ': ' + plural(stream.length, 'byte') + ', not kept in this page')];
	}
	const shown = stream.length > 2048 ? ', the end of ' + plural(stream.length, 'byte') : '';
	return [make('p', 'hint', name + shown), lines_of(name, stream.end)];
}

function details_of(i) {
	const said = runs.said.get(i), others = (tries.get(runs.seq[i]) || []).filter((other) => other !== i);
	const list = make('dl', '',
		...field('Job', number(runs.seq[i])),
		...field('Command', make('span', 'mono', runs.command[i])),
		...field('Outcome', label(runs.outcome[i])),
		...field('What happened', said ? said.why : ''),
		...field('', runs.flags[i] & DIED ? 'Its worker died with it' : ''),
		...field('Attempt', runs.attempt[i] > 1 || others.length > 0 ?
			runs.attempt[i] + (runs.flags[i] & AGAIN ? ', to be tried again' : '') : ''),
		...field('Worker', String(runs.slot[i])),
		...field('Started', duration(Math.max(runs.start[i], 0)) + ' into the run, ' +
			moment(data.began + runs.start[i])),
		...field('Took', duration(runs.time[i])),
		...field('Exit status', runs.exit[i] >= 0 ? String(runs.exit[i]) : ''),
		...field('Memory at most', size(runs.memory[i])),
		...field('All of its output', said && said.place ? make('span', 'mono', said.place) : ''));
	const body = make('div', 'body', list);

	for (const other of others) {
		body.append(make('p', 'hint', 'Attempt ' + runs.attempt[other] + ': ', label(runs.outcome[other]),
			' after ' + duration(runs.time[other]) + ', ' + why(other)));
	}
	if (said && said.backtrace !== '') {
		body.append(make('p', 'hint', 'Backtrace'), lines_of('Backtrace', said.backtrace));
	}
	if (said) body.append(...output_of('Standard error', said.err), ...output_of('Standard output', said.out));
	if (said && said.err.length + said.out.length === 0) {
		body.append(make('p', 'hint', data.output === 'job' ?
			'It wrote nothing.' : 'What it wrote was passed on as it came, and is not kept here.'));
	}
	return body;
}

// One run in a list.  Its details are made when the reader unfolds them.
function entry(i, ...between) {
	const summary = make('summary', '',
		make('span', 'number', number(runs.seq[i])), label(runs.outcome[i]),
		make('span', 'mono', runs.command[i]), make('span', 'time', duration(runs.time[i])));
	const element = make('details', '', summary);
	const show = () => {
		run_pick(i, true);
		$('timeline-title').scrollIntoView();
		$('lanes').focus({ preventScroll: true });
	};

	summary.append(...between);
	element.dataset.run = i;
	element.addEventListener('toggle', () => {
		if (element.open && element.querySelector('.body') === null) {
			const body = details_of(i);
			body.append(button('screen', 'Show in the timeline', show));
			element.append(body);
		}
	});
	return element;
}

// The keys up and down go from one element to the next.
function arrows(container, selector) {
	container.addEventListener('keydown', (event) => {
		const by = { ArrowDown: 1, ArrowUp: -1 }[event.key], list = [...container.querySelectorAll(selector)];
		const at = list.indexOf(document.activeElement);
		if (!by || at < 0 || !list[at + by]) return;
		list[at + by].focus();
		event.preventDefault();
	});
}

// ------------------------------------------------------------------------------ failed and slowest

const LIST_STEP = { failures: 12, slowest: 8 };
const shown_of = { ...LIST_STEP };

// The last line that a run wrote: mostly it says why the run failed.
function last_words(i) {
	const said = runs.said.get(i), text = (said && (said.err.end || said.out.end) || '').trimEnd();
	return text === '' ? null : make('span', 'mono', text.slice(text.lastIndexOf('\n') + 1));
}

function list_fill(name, list, make_one, when_empty) {
	const box = $(name), most = shown_of[name];

	box.replaceChildren(...list.slice(0, most).map(make_one));
	if (list.length === 0) box.append(make('p', 'empty', when_empty));
	if (list.length > most) {
		box.append(button('more', 'Show more (' + number(list.length - most) + ')', () => {
			shown_of[name] = most * 4;
			list_fill(name, list, make_one, when_empty);
			box.querySelectorAll('summary')[most].focus();
		}));
	}
}

function failures_fill() {
	const list = [], reasons = new Map();

	for (let i = 0; i < count; i++) {
		if (!matching[i] || !is_failure(runs.outcome[i]) || runs.flags[i] & AGAIN) continue;
		list.push(i);
		// The text of a timeout has the time in it, which may differ for each run.
		const reason = runs.outcome[i] === outcomes.indexOf('timed_out') ? 'timed out' : why(i);
		reasons.set(reason, (reasons.get(reason) || 0) + 1);
	}
	$('failures-title').replaceChildren('Failed jobs ',
		make('small', '', (is_filtered() ? number(list.length) + ' of ' : '') + number(jobs_failed)));
	const most_common = [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 6);
	$('reasons').textContent = list.length < 2 ? '' :
		most_common.map(([reason, n]) => reason + ' × ' + number(n)).join(' · ') +
		(reasons.size > 6 ? ' · ' + plural(reasons.size - 6, 'more reason') : '');
	list_fill('failures', list, (i) => entry(i, make('span', 'why', why(i), last_words(i))),
		is_filtered() ? 'None of those shown.' : 'None.');
	document.documentElement.dataset.failures = list.length;
}

function slowest_fill() {
	const most = 200, list = [];

	// Keep the longest so far, in order: most runs are shorter than the last of these, and cost nothing more.
	for (let i = 0; i < count; i++) {
		if (!matching[i] || (list.length === most && runs.time[i] <= runs.time[list[most - 1]])) continue;
		let low = 0, high = list.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (runs.time[list[middle]] >= runs.time[i]) low = middle + 1;
			else high = middle;
		}
		list.splice(low, 0, i);
		if (list.length > most) list.pop();
	}
	list_fill('slowest', list, (i) => {
		const bar = make('span', 'bar', swatch('', runs.outcome[i], 600, 5));
		bar.firstChild.style.width = 100 * runs.time[i] / Math.max(runs.time[list[0]], 1) + '%';
		return entry(i, bar);
	}, 'None of those shown.');
}

// --------------------------------------------------------------------------------------- durations

const bucket_of = (us) => {
	let i = 0;
	while (i < data.edges.length && us >= data.edges[i]) i++;
	return i;
};
const edge_words = (us) => {
	if (us < 1e3) return us + ' µs';
	if (us < 1e6) return us / 1e3 + ' ms';
	return us < 60e6 ? us / 1e6 + ' s' : duration(us);
};

function durations_fill() {
	const all = data.by_duration, most = Math.max(...all);
	const first = all.findIndex((n) => n > 0), last = all.findLastIndex((n) => n > 0);
	const chosen = new Array(all.length).fill(0), box = $('durations');
	const focused = document.activeElement && document.activeElement.dataset.bucket;

	for (let i = 0; i < count; i++) chosen[bucket_of(runs.time[i])] += matching[i];
	box.replaceChildren();
	for (let i = first; first >= 0 && i <= last; i++) {
		const from = i > 0 ? data.edges[i - 1] : 0, to = i < data.edges.length ? data.edges[i] : Infinity;
		const words = i === 0 ? 'below ' + edge_words(to) : edge_words(from) + ' to ' + edge_words(to);
		const bar = (class_name, n) => {
			const element = make('i', class_name);
			element.style.height = (n > 0 ? 'max(2px, ' + 76 * n / most + '%)' : '0');
			return element;
		};
		const top = make('b', '', all[i] > 0 ? number(all[i]) : '');
		top.style.bottom = 'calc(40px + ' + 76 * all[i] / most + '%)';
		const element = button('', '', () => {
			const on = filter.from === from && filter.to === to;
			filter.from = on ? 0 : from;
			filter.to = on ? Infinity : to;
			filter_changed();
		});
		element.append(bar('', all[i]), bar('matching', Math.min(chosen[i], all[i])), top,
			make('em', '', edge_words(from)));
		element.dataset.bucket = i;
		element.dataset.runs = all[i];
		element.title = words;
		element.setAttribute('aria-label', words + ': ' + plural(all[i], 'run') +
			(is_filtered() ? ', ' + number(chosen[i]) + ' of those shown' : ''));
		element.setAttribute('aria-pressed', String(filter.from === from && filter.to === to));
		box.append(element);
	}
	$('durations-hint').textContent = first < 0 ? 'Nothing has run.' :
		'Each column goes from the time below it to the next one’s; choose one to see only those runs.';
	box.classList.toggle('many', last - first > 7);
	if (focused !== undefined && focused !== null) {
		const again = box.querySelector('[data-bucket="' + Number(focused) + '"]');
		if (again) again.focus();
	}
}

// ----------------------------------------------------------------------------------------- workers

let workers_shown = 16;

function workers_fill() {
	const table = $('workers'), body = make('tbody', '');
	const head = make('tr', '', ...['Worker', 'Busy', '', 'Runs', 'Failed', 'Deaths'].map((name, i) =>
		make('th', i === 2 ? 'left' : '', name)));

	head.childNodes.forEach((cell) => { cell.scope = 'col'; });
	data.lanes.slice(0, workers_shown).forEach(([busy, ran, failed, died], n) => {
		const meter = make('i', '');
		meter.style.width = Math.min(100 * busy / elapsed, 100) + '%';
		const name = make('th', '', String(n + 1));
		name.scope = 'row';
		body.append(make('tr', '', name,
			make('td', '', percent(busy, elapsed)), make('td', 'left meter', make('span', '', meter)),
			make('td', '', number(ran)), make('td', '', failed > 0 ? number(failed) : '–'),
			make('td', '', died > 0 ? number(died) : '–')));
	});
	table.replaceChildren(make('thead', '', head), body);
	if (data.lanes.length > workers_shown) {
		const cell = make('td', 'left', button('more', 'Show all ' + number(data.lanes.length), () => {
			workers_shown = data.lanes.length;
			workers_fill();
		}));
		cell.colSpan = 6;
		body.append(make('tr', 'screen', cell));
	}
	$('deaths').textContent = data.died === 0 ? 'No worker died.' :
		plural(data.died, 'worker') + ' died and ' + (data.died === 1 ? 'was' : 'were') + ' replaced; ' +
		number(data.started) + ' were started in all.' +
		(data.lanes.some((lane) => lane[3] > 0) ?
			' In the timeline a bar with a head marks each death with a job.' : '');
}

// -------------------------------------------------------------------------------------------- table

const PAGE = 25;
const table = { order: new Uint32Array(0), page: 0, key: 'seq', down: false };
const columns = [
	{ key: 'seq', name: 'Job' },
	{ key: 'outcome', name: 'Outcome', class: 'left' },
	{ key: 'command', name: 'Command', class: 'left what mono' },
	{ key: 'slot', name: 'Worker', class: 'wide' },
	{ key: 'attempt', name: 'Attempt', class: 'wide' },
	{ key: 'start', name: 'Start', class: 'wide' },
	{ key: 'time', name: 'Took' },
	{ key: 'memory', name: 'Memory', class: 'wide' },
];

function table_sort() {
	const values = runs[table.key], sign = table.down ? -1 : 1;
	const order = new Uint32Array(matching_count);

	for (let i = 0, at = 0; i < count; i++) if (matching[i]) order[at++] = i;
	if (table.key === 'command') {
		order.sort((a, b) => sign * (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : 0) || a - b);
	} else {
		order.sort((a, b) => sign * (values[a] - values[b]) || runs.seq[a] - runs.seq[b] ||
			runs.attempt[a] - runs.attempt[b]);
	}
	table.order = order;
	table.page = 0;
}

function row_of(i) {
	const cells = {
		seq: button('open', number(runs.seq[i]), () => toggle()),
		outcome: label(runs.outcome[i]),
		command: runs.command[i],
		slot: String(runs.slot[i]),
		attempt: runs.attempt[i] + (runs.flags[i] & AGAIN ? ', again' : ''),
		start: duration(Math.max(runs.start[i], 0)),
		time: duration(runs.time[i]),
		memory: size(runs.memory[i]),
	};
	const row = make('tr', '', ...columns.map((column) => make('td', column.class, cells[column.key])));
	const toggle = () => {
		const is_open = cells.seq.getAttribute('aria-expanded') === 'true';
		if (is_open) {
			row.nextSibling.remove();
		} else {
			const inner = make('td', 'inner', details_of(i));
			inner.colSpan = columns.length;
			row.after(make('tr', '', inner));
		}
		cells.seq.setAttribute('aria-expanded', String(!is_open));
	};

	cells.seq.setAttribute('aria-expanded', 'false');
	cells.seq.setAttribute('aria-label', 'Job ' + number(runs.seq[i]) + ', ' +
		outcome_words(runs.outcome[i]) + ', details');
	row.dataset.run = i;
	return row;
}

function table_fill() {
	const total = table.order.length, pages = Math.max(1, Math.ceil(total / PAGE)), from = table.page * PAGE;
	const head = make('tr', '', ...columns.map((column) => {
		const cell = make('th', column.class, button('', column.name, () => {
			table.down = table.key === column.key ? !table.down :
				column.key === 'time' || column.key === 'memory';
			table.key = column.key;
			table_sort();
			table_fill();
			$('runs').querySelector('th[aria-sort] button').focus();
		}));
		cell.classList.remove('mono');
		cell.scope = 'col';
		if (table.key === column.key) cell.setAttribute('aria-sort', table.down ? 'descending' : 'ascending');
		return cell;
	}));
	const body = make('tbody', '', ...Array.from(table.order.subarray(from, from + PAGE), row_of));

	if (total === 0) {
		const cell = make('td', 'left empty', count === 0 ? 'Nothing has run.' : 'No run is like that.');
		cell.colSpan = columns.length;
		body.append(make('tr', '', cell));
	}
	$('runs').replaceChildren(make('thead', '', head), body);
	$('page').textContent = total === 0 ? '' :
		number(from + 1) + '–' + number(Math.min(from + PAGE, total)) + ' of ' + number(total);
	$('page-first').disabled = $('page-before').disabled = table.page === 0;
	$('page-last').disabled = $('page-after').disabled = table.page === pages - 1;
}

function table_open() {
	const go = (page) => {
		table.page = page;
		table_fill();
	};
	$('page-first').addEventListener('click', () => go(0));
	$('page-before').addEventListener('click', () => go(table.page - 1));
	$('page-after').addEventListener('click', () => go(table.page + 1));
	$('page-last').addEventListener('click', () => go(Math.ceil(table.order.length / PAGE) - 1));
	arrows($('runs'), 'button.open');
	arrows($('failures'), 'summary');
	arrows($('slowest'), 'summary');
}
