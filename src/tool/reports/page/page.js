// SPDX-License-Identifier: BSD-2-Clause
// The head of the page, the filter's controls, and begin(), which fills the page.

const jobs_of = (name) => data.jobs[outcomes.indexOf(name)];
const jobs_ended = data.jobs.reduce((sum, n) => sum + n, 0) - jobs_of('skipped');

function verdict() {
	const stopped = data.signal !== '' || data.halted;
	const not_run = jobs_of('skipped'), ended_by_us = jobs_of('cancelled');

	if (jobs_ended === 0) return 'No job was run';
	let text = plural(jobs_of('ok'), 'job') + ' succeeded';
	if (jobs_failed > 0) text = number(jobs_failed) + ' of ' + plural(jobs_ended, 'job') + ' failed';
	else if (jobs_of('ok') === 1 && jobs_ended === 1) text = 'The job succeeded';
	else if (jobs_of('ok') === jobs_ended) text = 'All ' + number(jobs_ended) + ' jobs succeeded';
	if (stopped || not_run > 0 || ended_by_us > 0) text += ', and the run was stopped';
	return text;
}

function head_fill() {
	const bad = data.status !== 0 || data.signal !== '';
	const notes = [];
	const run_here = data.runs_total - data.again;

	$('verdict').textContent = verdict();
	$('verdict').className = bad ? 'bad' : 'good';
	$('command').textContent = data.command;
	$('when').textContent = '· ' + data.host + ' · ' + moment(data.began);
	document.title = (bad ? '✕ ' : '✓ ') + verdict() + ' · ' + data.command.slice(0, 60);
	if (data.signal !== '') notes.push('Ended by SIG' + data.signal + '.');
	else if (data.halted) notes.push('Ended by --halt.');
	if (jobs_of('skipped') > 0) notes.push(plural(jobs_of('skipped'), 'job was', 'jobs were') + ' not run.');
	if (jobs_of('cancelled') > 0) {
		notes.push(plural(jobs_of('cancelled'), 'job was', 'jobs were') + ' ended before ' +
			(jobs_of('cancelled') === 1 ? 'it was' : 'they were') + ' done.');
	}
	if (jobs_ended > run_here) {
		notes.push(plural(jobs_ended - run_here, 'job') + ' had been run before, and ' +
			(jobs_ended - run_here === 1 ? 'is' : 'are') + ' in no lane here.');
	}
	if (!data.complete) {
		notes.push('There were ' + number(data.runs_total) + ' runs, too many for one page: ' +
			'timeline, lists and table have ' + number(count) +
			' of them, the first ones and then those that failed or took longest. ' +
			'Totals, workers, durations and the strip above the lanes are of all.');
	}
	$('notes').replaceChildren(...notes.map((note) => make('li', '', note)));
}

// The median of the durations: exact if the page has all runs, else the upper edge of its range.
function median() {
	if (count === 0) return '–';
	if (data.complete) return duration(runs.time.slice().sort()[(count - 1) >> 1]);
	let seen = 0;
	const i = data.by_duration.findIndex((n) => (seen += n) * 2 >= data.runs_total);
	return '< ' + edge_words(data.edges[Math.min(i, data.edges.length - 1)]);
}

function facts_fill() {
	const busy = data.lanes.reduce((sum, lane) => sum + lane[0], 0);
	const longest = runs.time.reduce((most, us) => Math.max(most, us), 0);
	const memory = runs.memory.reduce((most, kib) => Math.max(most, kib), -1);
	const rate = (data.runs_total - data.again) / (elapsed / 1e6);
	const add = (name, value, under) => $('facts').append(make('div', '',
		make('dt', '', name), make('dd', '', value, under ? make('small', '', under) : null)));

	add('Elapsed', duration(data.elapsed), 'exit status ' + data.status);
	add('Workers busy', percent(Math.min(busy, elapsed * data.workers), elapsed * data.workers),
		'of the time of ' + number(data.workers));
	add('Jobs a second', rate >= 100 ? number(Math.round(rate)) : rate.toFixed(rate >= 10 ? 1 : 2),
		plural(data.runs_total, 'run'));
	add('Median run', median(), 'longest ' + duration(longest));
	add('Tried again', number(data.again), tries.size > 0 ? 'in ' + plural(tries.size, 'job') : '');
	add('Worker deaths', number(data.died), number(data.started) + ' started');
	if (memory >= 0) add('Memory at most', size(memory), 'of one job');
}

// ----------------------------------------------------------------------------------------- outcomes

function chips_fill() {
	const ended = data.jobs.reduce((sum, n) => sum + n, 0);
	const seen = outcomes.map((name, i) => i).filter((i) => data.jobs[i] > 0 || runs.outcome.includes(i));

	$('shares').replaceChildren(...seen.filter((i) => data.jobs[i] > 0).map((i) => {
		const strip = swatch('', i, 1240, 14);
		strip.style.width = 100 * data.jobs[i] / ended + '%';
		return strip;
	}));
	for (const i of seen) {
		const chip = button('chip', '', () => {
			if (!filter.outcomes.delete(i)) filter.outcomes.add(i);
			filter_changed();
		});
		chip.append(swatch('swatch', i, 16, 12), outcome_words(i), make('b', '', number(data.jobs[i])));
		chip.dataset.outcome = outcomes[i];
		chip.disabled = !runs.outcome.includes(i);
		$('chips').append(chip);
	}
	if (tries.size > 0) {
		const chip = button('chip', '', () => {
			filter.retried = !filter.retried;
			filter_changed();
		});
		chip.append('tried again', make('b', '', number(tries.size)));
		chip.dataset.outcome = 'retried';
		$('chips').append(chip);
	}
}

function filter_changed() {
	filter_match();
	for (const chip of $('chips').children) {
		const name = chip.dataset.outcome;
		chip.setAttribute('aria-pressed', String(name === 'retried' ?
			filter.retried : filter.outcomes.has(outcomes.indexOf(name))));
	}
	$('clear').disabled = !is_filtered();
	$('shown').textContent = is_filtered() ? number(matching_count) + ' of ' + plural(count, 'run') + ' shown' : '';
	Object.assign(shown_of, LIST_STEP);
	failures_fill();
	slowest_fill();
	durations_fill();
	table_sort();
	table_fill();
	document.documentElement.dataset.shown = matching_count;
	timeline_ask();
}

function filter_listen() {
	const input = $('text');
	let timer = 0;
	const take = () => {
		clearTimeout(timer);
		filter.text = input.value.trim();
		filter_changed();
	};

	input.addEventListener('input', () => {
		clearTimeout(timer);
		timer = setTimeout(take, count > 20000 ? 200 : 30);
	});
	$('filter').addEventListener('submit', (event) => {
		event.preventDefault();
		take();
	});
	$('clear').addEventListener('click', () => {
		input.value = filter.text = '';
		filter.outcomes.clear();
		filter.retried = false;
		filter.from = 0;
		filter.to = Infinity;
		filter_changed();
		input.focus();
	});
	document.addEventListener('keydown', (event) => {
		if (event.key !== '/' || event.ctrlKey || event.metaKey || document.activeElement === input) return;
		event.preventDefault();
		input.focus();
	});
}

// ------------------------------------------------------------------------------------------- begin

function redraw() {
	palette_read();
	document.querySelectorAll('canvas[data-outcome]').forEach(swatch_draw);
	timeline_draw();
}

function begin() {
	palette_read();
	head_fill();
	facts_fill();
	chips_fill();
	workers_fill();
	filter_listen();
	table_open();
	timeline_open();
	filter_changed();
	$('made').textContent = 'Made by forkpool ' + data.version + ' in ' + data.directory +
		'. Times are from the beginning of the run. Press / to search.';
	new ResizeObserver(timeline_ask).observe($('lanes'));
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
	matchMedia('print').addEventListener('change', redraw);
	Object.assign(document.documentElement.dataset, { state: 'ready', runs: count, lanes: lane_count });
}

try {
	begin();
} catch (error) {
	$('problem').textContent = 'This page could not be drawn: ' + error;
	$('problem').hidden = false;
	throw error;
}
