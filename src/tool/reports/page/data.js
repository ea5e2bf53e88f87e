// SPDX-License-Identifier: BSD-2-Clause
// The data of the run, its numbers in words, and the filter that chooses the runs to show.  Data from outside becomes
// text only: nothing in the page makes markup of a string.

const $ = (id) => document.getElementById(id);

const data = JSON.parse($('data').textContent);
const count = data.rows.length;
const AGAIN = 1, DIED = 2;
const outcomes = data.outcomes;
const OK = outcomes.indexOf('ok'), CANCELLED = outcomes.indexOf('cancelled');
const elapsed = Math.max(data.elapsed, 1);

// A column for each field.  said: of a failed run the explanation, and the end of its output.
const runs = {
	seq: new Float64Array(count), slot: new Uint16Array(count), outcome: new Uint8Array(count),
	attempt: new Uint32Array(count), flags: new Uint8Array(count), start: new Float64Array(count),
	time: new Float64Array(count), exit: new Int16Array(count), memory: new Float64Array(count),
	command: new Array(count), said: new Map(),
};
// By job: its runs, if it was tried more than once.
const tries = new Map();

function decode() {
	let seq = 0, start = 0, command = '';

	for (let i = 0; i < count; i++) {
		const row = data.rows[i];
		seq += row[0];
		start += row[5];
		// The command repeats row[9] characters from the beginning of the one before, and row[10] from its end.
		command = command.slice(0, row[9]) + row[11] + command.slice(command.length - row[10]);
		runs.seq[i] = seq;
		runs.slot[i] = row[1];
		runs.outcome[i] = row[2];
		runs.attempt[i] = row[3];
		runs.flags[i] = row[4];
		runs.start[i] = start;
		runs.time[i] = row[6];
		runs.exit[i] = row[7];
		runs.memory[i] = row[8];
		runs.command[i] = command;
		if (row.length > 12) {
			runs.said.set(i, {
				why: row[12], place: row[13],
				err: { length: row[14], end: row[15] }, out: { length: row[16], end: row[17] },
				backtrace: row[18] || '',
			});
		}
		if (row[3] > 1 || row[4] & AGAIN) {
			tries.set(seq, (tries.get(seq) || []).concat(i));
		}
	}
	data.rows = null;
}
decode();

const lane_count = Math.max(data.lanes.length, 1);
let last_end = data.elapsed;
for (let i = 0; i < count; i++) last_end = Math.max(last_end, runs.start[i] + runs.time[i]);

const is_failure = (outcome) => outcome !== OK && outcome !== CANCELLED;
const outcome_words = (outcome) => outcomes[outcome].replace('_', ' ');
const jobs_failed = data.jobs.reduce((sum, n, outcome) =>
	sum + (is_failure(outcome) && outcomes[outcome] !== 'skipped' ? n : 0), 0);
const why = (i) => runs.said.has(i) ? runs.said.get(i).why : outcome_words(runs.outcome[i]);

// ------------------------------------------------------------------------------------------ words

const number = (n) => n.toLocaleString('en-US');
const plural = (n, one, many) => number(n) + ' ' + (n === 1 ? one : many || one + 's');

// Microseconds as about three digits and a unit.
function duration(us) {
	const three = (n) => n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2);
	if (us < 999.5) return Math.round(us) + ' µs';
	if (us < 999500) return three(us / 1e3) + ' ms';
	if (us < 99.5e6) return three(us / 1e6) + ' s';
	const s = Math.round(us / 1e6);
	const two = (n) => String(n).padStart(2, '0');
	if (s < 3600) return Math.floor(s / 60) + ' min ' + two(s % 60) + ' s';
	return Math.floor(s / 3600) + ' h ' + two(Math.floor(s / 60) % 60) + ' min';
}

function size(kib) {
	if (kib < 0) return '';
	if (kib < 1024) return kib + ' KiB';
	if (kib < 1024 * 1024) return (kib / 1024).toFixed(kib < 10240 ? 1 : 0) + ' MiB';
	return (kib / 1048576).toFixed(1) + ' GiB';
}

const percent = (part, whole) => whole > 0 ?
	(100 * part / whole).toFixed(part > 0 && part < whole / 10 ? 1 : 0) + ' %' : '';
const moment = (us) => new Date(us / 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

// An element of that class; its children are elements and texts.
function make(name, class_name, ...children) {
	const element = document.createElement(name);
	if (class_name) element.className = class_name;
	element.append(...children.filter((child) => child !== null && child !== undefined));
	return element;
}

function button(class_name, text, on_click) {
	const element = make('button', class_name, text);
	element.type = 'button';
	element.addEventListener('click', on_click);
	return element;
}

// ----------------------------------------------------------------------------------------- filter

const filter = { text: '', outcomes: new Set(), retried: false, from: 0, to: Infinity };
const matching = new Uint8Array(count).fill(1);
let matching_count = count;

const is_filtered = () => filter.text !== '' || filter.outcomes.size > 0 || filter.retried || filter.from > 0 ||
	filter.to < Infinity;

function has_text(i, text) {
	const said = runs.said.get(i);

	return runs.command[i].toLowerCase().includes(text) || String(runs.seq[i]) === text ||
		(said !== undefined && [said.why, said.err.end, said.out.end, said.backtrace].some((part) =>
			typeof part === 'string' && part.toLowerCase().includes(text)));
}

function filter_match() {
	const text = filter.text.toLowerCase();

	matching_count = 0;
	for (let i = 0; i < count; i++) {
		const is = (filter.outcomes.size === 0 || filter.outcomes.has(runs.outcome[i])) &&
			(!filter.retried || runs.attempt[i] > 1 || (runs.flags[i] & AGAIN) !== 0) &&
			runs.time[i] >= filter.from && runs.time[i] < filter.to && (text === '' || has_text(i, text));
		matching[i] = is ? 1 : 0;
		matching_count += matching[i];
	}
}
