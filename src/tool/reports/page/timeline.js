// SPDX-License-Identifier: BSD-2-Clause
// A lane for each worker, on a canvas.  Runs narrower than two pixels are added up by pixel, so that many short runs
// take no longer to draw than few long ones.

// ------------------------------------------------------------------------------------------- lanes

// Each lane's runs, sorted by their start.
const lanes = Array.from({ length: lane_count }, () => []);
for (let i = 0; i < count; i++) {
	if (runs.slot[i] >= 1 && runs.slot[i] <= lane_count) lanes[runs.slot[i] - 1].push(i);
}
for (const lane of lanes) lane.sort((a, b) => runs.start[a] - runs.start[b]);

const GUTTER = 34, LANES_MAX = 440, SPAN_MIN = 20;
const view = { from: 0, to: last_end, picked: -1, width: 0, height: 0, lane: 0 };

const x_of = (us) => GUTTER + (us - view.from) / (view.to - view.from) * (view.width - GUTTER);
const us_of = (x) => view.from + (x - GUTTER) / (view.width - GUTTER) * (view.to - view.from);

// The place in the lane of its first run that does not end before that moment.
function first_after(lane, us) {
	let low = 0, high = lane.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (runs.start[lane[middle]] + runs.time[lane[middle]] < us) low = middle + 1;
		else high = middle;
	}
	return low;
}

function run_draw(c, i, y, height) {
	const x = x_of(runs.start[i]), end = x_of(runs.start[i] + runs.time[i]);
	const width = Math.max(end - x, is_failure(runs.outcome[i]) ? 3 : 1);
	const left = Math.max(x, GUTTER), right = Math.min(x + width, view.width);
	const again = (runs.flags[i] & AGAIN) !== 0;
	const top = again ? y + Math.round(height * 0.45) : y;

	if (right <= left) return;
	c.fillStyle = matching[i] ? palette.fill[runs.outcome[i]] : palette.skipped;
	c.fillRect(left, top, right - left - (right - left > 3 ? 1 : 0), y + height - top);
	// The worker died with this run: a bar across the lane, with a head.
	if (runs.flags[i] & DIED) {
		c.fillStyle = palette.mark;
		c.fillRect(right - 2, y, 2, height);
		c.beginPath();
		c.moveTo(right - 6, y);
		c.lineTo(right + 4, y);
		c.lineTo(right - 1, y + 5);
		c.fill();
	}
	if (right - left > 34 && height >= 15 && !again) {
		const plain = palette.fill[runs.outcome[i]] === palette.solid[runs.outcome[i]];
		const room = right - left - 10;
		let text = runs.seq[i] + ' ' + runs.command[i].slice(0, 80);
		// Leave enough of a pattern to be seen.
		if (!plain && c.measureText(text).width > room / 2) text = String(runs.seq[i]);
		c.save();
		c.beginPath();
		c.rect(left, y, right - left - 3, height);
		c.clip();
		if (matching[i] && !plain) {
			c.fillStyle = palette.card;
			c.fillRect(left + 3, y + 2, Math.min(c.measureText(text).width + 5, room + 5), height - 4);
			c.fillStyle = palette.ink;
		} else {
			c.fillStyle = matching[i] ? '#ffffff' : palette.soft;
		}
		c.fillText(text, left + 5, y + height / 2 + 0.5);
		c.restore();
	}
	if (i === view.picked) {
		c.strokeStyle = palette.mark;
		c.lineWidth = 2;
		c.strokeRect(left + 1, y + 1, Math.max(right - left - 2, 2), height - 2);
	}
}

function lane_draw(c, lane, y, height) {
	const columns = Math.ceil(view.width) + 1;
	const covered = new Float32Array(columns), dimmed = new Float32Array(columns), wide = [], failures = [];

	for (let at = first_after(lane, view.from); at < lane.length && runs.start[lane[at]] <= view.to; at++) {
		const i = lane[at], from = x_of(runs.start[i]), to = x_of(runs.start[i] + runs.time[i]);
		if (i === view.picked || (runs.flags[i] & DIED) !== 0 || (is_failure(runs.outcome[i]) && matching[i])) {
			failures.push(i);
		} else if (to - from >= 2) {
			wide.push(i);
		} else {
			// Add how much of each pixel the run covers.
			const column = Math.max(Math.floor(from), GUTTER), into = matching[i] ? covered : dimmed;
			into[column] += Math.min(to, column + 1) - Math.max(from, column);
			if (to > column + 1 && column + 1 < columns) {
				into[column + 1] += Math.min(to, column + 2) - column - 1;
			}
			// The shortest run can be seen, too.
			into[column] = Math.max(into[column], 0.06);
		}
	}
	for (const [cover, colour] of [[dimmed, palette.skipped], [covered, palette.ok]]) {
		c.fillStyle = colour;
		for (let x = GUTTER; x < columns; x++) {
			if (cover[x] > 0) {
				c.globalAlpha = 0.3 + 0.7 * Math.min(cover[x], 1);
				c.fillRect(x, y, 1, height);
			}
		}
	}
	c.globalAlpha = 1;
	for (const i of wide) run_draw(c, i, y, height);
	for (const i of failures) run_draw(c, i, y, height);
}

function ticks(from, to, wanted) {
	const rough = (to - from) / wanted, power = 10 ** Math.floor(Math.log10(rough));
	let step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
	const minutes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((n) => n * 60e6);
	if (step > 30e6) step = minutes.find((n) => n >= rough) || Math.ceil(rough / 86400e6) * 86400e6;
	const list = [];
	for (let at = Math.ceil(from / step) * step; at <= to; at += step) list.push(at);
	return { step, list };
}

// All labels have as many digits as the step.
function tick_label(us, step) {
	if (us === 0) return '0';
	if (step >= 60e6) {
		const s = Math.round(us / 1e6), two = (n) => String(n).padStart(2, '0');
		return Math.floor(s / 3600) + ':' + two(Math.floor(s / 60) % 60) + ':' + two(s % 60);
	}
	const [unit, name] = step >= 1e5 ? [1e6, 's'] : step >= 100 ? [1e3, 'ms'] : [1, 'µs'];
	return (us / unit).toFixed(Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9))) + ' ' + name;
}

function lanes_draw() {
	const element = $('lanes'), top = element.scrollTop;
	const c = canvas_begin($('lanes-canvas'), view.width, view.height);
	const gap = view.lane >= 12 ? 3 : view.lane >= 6 ? 1 : 0, height = view.lane - gap;
	const { list } = ticks(view.from, view.to, Math.max(2, view.width / 110));
	const every = Math.max(1, Math.ceil(13 / view.lane));

	c.font = '11px system-ui, sans-serif';
	c.textBaseline = 'middle';
	for (let n = Math.floor(top / view.lane); n < lane_count && n * view.lane - top < view.height; n++) {
		const y = n * view.lane - top;
		c.fillStyle = palette.track;
		c.fillRect(GUTTER, y, view.width - GUTTER, height);
		c.fillStyle = palette.line;
		for (const us of list) c.fillRect(Math.round(x_of(us)), y, 1, height);
		lane_draw(c, lanes[n], y, height);
		if (n % every === 0) {
			c.fillStyle = palette.soft;
			c.textAlign = 'right';
			c.fillText(String(n + 1), GUTTER - 6, y + Math.max(height, 12) / 2);
			c.textAlign = 'left';
		}
	}
}

function axis_draw() {
	const c = canvas_begin($('axis'), view.width, 22);
	const { step, list } = ticks(view.from, view.to, Math.max(2, view.width / 110));

	c.font = '11px system-ui, sans-serif';
	c.textBaseline = 'top';
	for (const us of list) {
		const text = tick_label(us, step), x = x_of(us), width = c.measureText(text).width;
		c.fillStyle = palette.line;
		c.fillRect(Math.round(x), 0, 1, 5);
		c.fillStyle = palette.soft;
		c.fillText(text, Math.min(Math.max(x - width / 2, 0), view.width - width), 7);
	}
}

// The whole run: how many workers were busy, where runs failed, and the part that the lanes show.
function overview_draw() {
	const height = 46, base = height - 1, room = height - 8;
	const c = canvas_begin($('overview'), view.width, height);
	const x = (us) => GUTTER + us / last_end * (view.width - GUTTER);
	const most = Math.max(data.workers, 1);

	c.fillStyle = palette.track;
	c.fillRect(GUTTER, 0, view.width - GUTTER, height);
	const stretches = data.busy.map((busy, i) => {
		const length = Math.min(data.stretch, Math.max(last_end - i * data.stretch, 1));
		return {
			from: x(i * data.stretch), to: Math.min(x((i + 1) * data.stretch), view.width),
			top: base - room * Math.min(busy / (length * most), 1),
		};
	});
	c.fillStyle = palette.ok;
	c.beginPath();
	c.moveTo(GUTTER, base + 1);
	for (const one of stretches) {
		c.lineTo(one.from, one.top);
		c.lineTo(one.to, one.top);
	}
	c.lineTo(stretches.length > 0 ? stretches[stretches.length - 1].to : GUTTER, base + 1);
	c.fill();
	c.fillStyle = palette.bad;
	stretches.forEach((one, i) => {
		if (data.failed[i] > 0) c.fillRect(one.from, 0, Math.max(one.to - one.from, 2), 5);
	});
	c.fillStyle = palette.soft;
	c.font = '11px system-ui, sans-serif';
	c.textAlign = 'right';
	c.fillText(String(most), GUTTER - 6, 16);
	c.fillText('0', GUTTER - 6, base);
	c.textAlign = 'left';
	if (view.from > 0 || view.to < last_end) {
		c.fillStyle = palette.shade;
		c.fillRect(GUTTER, 0, x(view.from) - GUTTER, height);
		c.fillRect(x(view.to), 0, view.width - x(view.to), height);
		c.strokeStyle = palette.accent;
		c.lineWidth = 2;
		c.strokeRect(x(view.from), 1, Math.max(x(view.to) - x(view.from), 2), height - 2);
	}
}

function timeline_draw() {
	const element = $('lanes');

	view.width = element.clientWidth;
	view.lane = Math.max(5, Math.min(26, Math.floor(LANES_MAX / lane_count)));
	view.height = Math.min(lane_count * view.lane, matchMedia('print').matches ? 2000 : LANES_MAX);
	$('lanes-space').style.height = lane_count * view.lane + 'px';
	$('lanes-canvas').style.height = view.height + 'px';
	lanes_draw();
	axis_draw();
	overview_draw();
	$('window').textContent = view.from <= 0 && view.to >= last_end ? 'all ' + duration(last_end) :
		duration(view.to - view.from) + ' from ' + duration(view.from);
	document.documentElement.dataset.from = view.from;
	document.documentElement.dataset.to = view.to;
}

let draw_asked = false;
function timeline_ask() {
	if (draw_asked) return;
	draw_asked = true;
	requestAnimationFrame(() => {
		draw_asked = false;
		timeline_draw();
	});
}

// -------------------------------------------------------------------------------------------- zoom

function window_set(from, to) {
	const span = Math.min(Math.max(to - from, Math.min(SPAN_MIN, last_end)), last_end);
	const begin = Math.min(Math.max(from + (to - from - span) / 2, 0), last_end - span);
	view.from = begin;
	view.to = begin + span;
	timeline_ask();
}

function zoom(factor, around) {
	const at = around === undefined ? (view.from + view.to) / 2 : around;
	window_set(at - (at - view.from) * factor, at + (view.to - at) * factor);
}

const pan = (share) => window_set(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));

const zoom_actions = {
	in: () => zoom(0.5), out: () => zoom(2), left: () => pan(-0.25), right: () => pan(0.25),
	all: () => window_set(0, last_end),
};

// The run at that point, or one within 5 pixels; a failed run is preferred to others.
function run_at(x, y) {
	const lane = lanes[Math.floor((y + $('lanes').scrollTop) / view.lane)];
	let best = -1, best_distance = Infinity;

	if (lane === undefined || x < GUTTER) return -1;
	for (let at = first_after(lane, us_of(x - 5)); at < lane.length && runs.start[lane[at]] <= us_of(x + 5); at++) {
		const i = lane[at], from = x_of(runs.start[i]), to = x_of(runs.start[i] + runs.time[i]);
		const distance = Math.max(from - x, x - to, 0) + (is_failure(runs.outcome[i]) ? -6 : 0) +
			(matching[i] ? 0 : 20);
		if (distance < best_distance) {
			best = i;
			best_distance = distance;
		}
	}
	return best;
}

// Chooses a run: marks it in its lane, scrolls and moves the lanes to it if asked, and shows its details.
function run_pick(i, and_show) {
	view.picked = i;
	const box = $('picked');
	box.hidden = i < 0;
	box.replaceChildren(...(i < 0 ? [] : [details_of(i), button('more', 'Close', () => run_pick(-1, false))]));
	if (i >= 0 && and_show) {
		const end = runs.start[i] + runs.time[i], span = view.to - view.from;
		if (end < view.from || runs.start[i] > view.to) {
			window_set(runs.start[i] - span / 2, runs.start[i] + span / 2);
		}
		const y = (runs.slot[i] - 1) * view.lane, element = $('lanes');
		if (y < element.scrollTop || y + view.lane > element.scrollTop + element.clientHeight) {
			element.scrollTop = y - element.clientHeight / 2;
		}
	}
	timeline_ask();
}

// Chooses the next or previous run of the lane, or the run at the same time in another lane.
function run_step(by, lane_by) {
	const here = view.picked >= 0 ? view.picked : -1;
	if (here < 0) {
		const lane = lanes.find((one) => one.length > 0);
		if (lane) run_pick(lane[Math.min(first_after(lane, view.from), lane.length - 1)], true);
		return;
	}
	for (let n = runs.slot[here] - 1 + lane_by; n >= 0 && n < lane_count; n += lane_by) {
		const lane = lanes[n];
		let at = lane.indexOf(here) + by;
		if (lane_by) at = Math.min(first_after(lane, runs.start[here]), lane.length - 1);
		for (; at >= 0 && at < lane.length; at += by || 1) {
			if (matching[lane[at]]) {
				run_pick(lane[at], true);
				return;
			}
		}
		if (!lane_by) return;
	}
}

function timeline_key(event) {
	if (event.ctrlKey || event.metaKey || event.altKey) return;
	const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
	const actions = {
		'+': 'in', '=': 'in', '-': 'out', '_': 'out', 0: 'all', ArrowLeft: 'left', ArrowRight: 'right',
	};
	if (event.shiftKey && steps[event.key]) run_step(...steps[event.key]);
	else if (actions[event.key]) zoom_actions[actions[event.key]]();
	else if (event.key === 'Home') window_set(0, view.to - view.from);
	else if (event.key === 'End') window_set(last_end - (view.to - view.from), last_end);
	else if (event.key === 'Escape' && view.picked >= 0) run_pick(-1, false);
	else return;
	event.preventDefault();
}

function tip_show(event) {
	const box = $('lanes').getBoundingClientRect(), tip = $('tip');
	const i = run_at(event.clientX - box.left, event.clientY - box.top);

	tip.hidden = i < 0;
	if (i < 0) return;
	tip.replaceChildren(label(runs.outcome[i]),
		' job ' + number(runs.seq[i]) + ', worker ' + runs.slot[i] + ', ' + duration(runs.time[i]) +
		(runs.attempt[i] > 1 ? ', attempt ' + runs.attempt[i] : ''), make('span', 'mono', runs.command[i]));
	tip.style.left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8) + 'px';
	const has_room_below = event.clientY + 18 + tip.offsetHeight <= window.innerHeight;
	tip.style.top = (has_room_below ? event.clientY + 18 : event.clientY - tip.offsetHeight - 10) + 'px';
}

function lanes_listen() {
	const element = $('lanes'), down = new Map();
	let moved = 0;
	const centre = () => [...down.values()].reduce((sum, p) => sum + p.x, 0) / down.size;
	const spread = () => {
		const [a, b] = [...down.values()];
		return Math.max(Math.abs(a.x - b.x), 10);
	};

	element.addEventListener('pointerdown', (event) => {
		if (event.button !== 0) return;
		down.set(event.pointerId, { x: event.clientX, y: event.clientY });
		moved = 0;
		$('tip').hidden = true;
	});
	element.addEventListener('pointermove', (event) => {
		const before = down.get(event.pointerId);
		if (before === undefined) {
			if (event.pointerType === 'mouse' && down.size === 0) tip_show(event);
			return;
		}
		const left = element.getBoundingClientRect().left;
		const old_centre = centre(), old_spread = down.size === 2 ? spread() : 0;
		moved += Math.abs(event.clientX - before.x);
		// Capture the pointer for a drag only: a captured click would go to the lanes wherever it hit.
		if (moved > 4 && !element.hasPointerCapture(event.pointerId)) {
			element.setPointerCapture(event.pointerId);
		}
		before.x = event.clientX;
		if (moved <= 4) return;
		if (down.size === 2) zoom(old_spread / spread(), us_of(centre() - left));
		const by = (old_centre - centre()) / (view.width - GUTTER) * (view.to - view.from);
		window_set(view.from + by, view.to + by);
	});
	const up = (event) => {
		if (!down.delete(event.pointerId) || event.type !== 'pointerup' || moved > 4) return;
		const box = element.getBoundingClientRect();
		run_pick(run_at(event.clientX - box.left, event.clientY - box.top), false);
	};
	element.addEventListener('pointerup', up);
	element.addEventListener('pointercancel', up);
	element.addEventListener('pointerleave', () => { $('tip').hidden = true; });
	// The wheel scrolls the page over the lanes, unless these have the focus.
	element.addEventListener('wheel', (event) => {
		const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
		const zooms = event.ctrlKey || event.metaKey || document.activeElement === element;
		if (!sideways && !zooms) return;
		if (sideways) {
			pan((event.deltaX || event.deltaY) / 1000);
		} else {
			const factor = Math.exp(Math.max(-300, Math.min(300, event.deltaY)) / 500);
			zoom(factor, us_of(event.clientX - element.getBoundingClientRect().left));
		}
		event.preventDefault();
		tip_show(event);
	}, { passive: false });
	element.addEventListener('keydown', timeline_key);
	element.addEventListener('scroll', timeline_ask);
}

function overview_listen() {
	const element = $('overview');
	const us = (event) => {
		const box = element.getBoundingClientRect();
		return Math.min(Math.max((event.clientX - box.left - GUTTER) / (box.width - GUTTER), 0), 1) * last_end;
	};
	let from = null;
	const is_click = (event) => Math.abs(us(event) - from) <= last_end / 200;

	element.addEventListener('pointerdown', (event) => {
		element.setPointerCapture(event.pointerId);
		from = us(event);
	});
	element.addEventListener('pointermove', (event) => {
		if (from === null || is_click(event)) return;
		window_set(Math.min(from, us(event)), Math.max(from, us(event)));
	});
	element.addEventListener('pointerup', (event) => {
		// A click moves the part that the lanes show there.
		const half = (view.to - view.from) / 2;
		if (from !== null && is_click(event)) window_set(from - half, from + half);
		from = null;
	});
}

function timeline_open() {
	$('lanes').setAttribute('aria-label', 'Timeline of ' + plural(lane_count, 'worker') +
		' over ' + duration(last_end) + ', with ' + plural(count, 'run'));
	for (const element of document.querySelectorAll('[data-zoom]')) {
		element.addEventListener('click', zoom_actions[element.dataset.zoom]);
	}
	lanes_listen();
	overview_listen();
	timeline_draw();
}
