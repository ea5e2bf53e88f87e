// SPDX-License-Identifier: BSD-2-Clause
// Colours and patterns, for a light page and a dark one, and the canvases that use them.

// Each outcome but ok has a pattern too, for readers who cannot tell its colour.
const pattern_of = {
	failed: '/', crashed: 'x', timed_out: '-', over_limit: '.', denied: '|', setup_failed: '\\',
	cancelled: '/', lost: 'x', unknown: '.',
};
let palette = null;

function tile(colour, pattern, hatch) {
	const canvas = document.createElement('canvas'), edge = 12;
	canvas.width = canvas.height = edge;
	const c = canvas.getContext('2d');
	c.fillStyle = colour;
	c.fillRect(0, 0, edge, edge);
	c.strokeStyle = c.fillStyle = hatch;
	c.lineWidth = 2.2;
	const line = (x1, y1, x2, y2) => {
		c.beginPath();
		c.moveTo(x1, y1);
		c.lineTo(x2, y2);
		c.stroke();
	};
	for (let at = -edge; at <= edge; at += edge) {
		if (pattern === '/' || pattern === 'x') line(at - 1, edge + 1, at + edge + 1, -1);
		if (pattern === '\\' || pattern === 'x') line(at - 1, -1, at + edge + 1, edge + 1);
	}
	if (pattern === '-') line(0, edge / 2, edge, edge / 2);
	if (pattern === '|') line(edge / 2, 0, edge / 2, edge);
	if (pattern === '.') c.fillRect(4, 4, 4, 4);
	return canvas;
}

function palette_read() {
	const style = getComputedStyle(document.documentElement);
	const colour = (name) => style.getPropertyValue('--' + name).trim();
	const scratch = document.createElement('canvas').getContext('2d');

	palette = { fill: [], solid: [] };
	const names = ['ink', 'soft', 'line', 'track', 'card', 'accent', 'shade', 'skipped', 'mark', 'bad', 'ok'];
	for (const name of names) palette[name] = colour(name);
	outcomes.forEach((name, i) => {
		palette.solid[i] = colour(name);
		palette.fill[i] = pattern_of[name] ?
			scratch.createPattern(tile(colour(name), pattern_of[name], colour('hatch')), 'repeat') :
			colour(name);
		if (pattern_of[name]) palette.fill[i].setTransform(new DOMMatrix().scale(0.5));
	});
}

// Clears the canvas, and gives it the screen's resolution.
function canvas_begin(canvas, width, height) {
	const ratio = window.devicePixelRatio || 1;
	if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
	}
	const c = canvas.getContext('2d');
	c.setTransform(ratio, 0, 0, ratio, 0, 0);
	c.clearRect(0, 0, width, height);
	return c;
}

// A strip with that outcome's colour and pattern.  redraw() draws all of them again.
function swatch(class_name, outcome, width, height) {
	const canvas = make('canvas', class_name);
	canvas.dataset.outcome = outcome;
	canvas.dataset.width = width;
	canvas.dataset.height = height;
	canvas.setAttribute('aria-hidden', 'true');
	swatch_draw(canvas);
	return canvas;
}

function swatch_draw(canvas) {
	const c = canvas_begin(canvas, Number(canvas.dataset.width), Number(canvas.dataset.height));
	c.fillStyle = palette.fill[Number(canvas.dataset.outcome)];
	c.fillRect(0, 0, Number(canvas.dataset.width), Number(canvas.dataset.height));
}

const label = (outcome) => make('span', 'label',
	swatch('swatch', outcome, 16, 12), make('b', '', outcome_words(outcome)));
