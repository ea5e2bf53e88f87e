# SPDX-License-Identifier: BSD-2-Clause
# table.awk - medians, ratios and the table, from missing.tsv series.txt rows.txt raw.tsv in that
# order.  Writes results.tsv to the file named by `results`, and throughput.tsv, goals.tsv and
# rounds.tsv beside it for the plots.

function sort_numbers(list, n,    i, j, x) {
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (j = i - 1; j >= 1 && list[j] > x; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
}

function median_of(list, n) {
	sort_numbers(list, n)
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function median(figure,    list, n, r) {
	for (r = 1; r <= rounds; r++)
		if ((figure, r) in value)
			list[++n] = value[figure, r]
	return median_of(list, n)
}

function scaled(x, unit) {
	if (unit == "ns")
		return x >= 1e9 ? sprintf("%.3g s", x / 1e9) : \
		    x >= 1e6 ? sprintf("%.3g ms", x / 1e6) : sprintf("%.3g us", x / 1e3)
	if (unit == "bytes")
		return sprintf("%.3f MB", x / 1e6)
	if (unit == "jobs/s" || unit == "requests/s")
		return x >= 1e6 ? sprintf("%.3g M/s", x / 1e6) : sprintf("%.3g k/s", x / 1e3)
	return sprintf("%.3g %s", x, unit)
}

# The reason why a figure is missing.
function reason(figure,    name, need, n, k) {
	name = figure
	sub(/\..*/, "", name)
	n = split(needs[name], need, "+")
	for (k = 1; k <= n; k++)
		if (need[k] in missing)
			return "missing: " missing[need[k]]
	return "not measured: it failed"
}

BEGIN {
	directory = results
	sub(/[^\/]*$/, "", directory)
	throughput = directory "throughput.tsv"
	goals = directory "goals.tsv"
	by_round = directory "rounds.tsv"
	plotted = " noop.rate go.rate python_1000.rate mce.rate roundtrip.mean pingpong.mean" \
	    " echo.rate pipe_1m.rate job.rate sandbox.rate forks.rate" \
	    " crash.respawn fork.time bare_mixed.makespan" \
	    " tool.time xargs.time plugin.rate tool_sandbox.time bwrap.time "
	label["noop.rate"] = "forkpool, 2 workers"
	label["noop_256.rate"] = "forkpool, 256 workers"
	label["job.rate"] = "forkpool, process a job"
	label["sandbox.rate"] = "forkpool, sandbox"
	label["forks.rate"] = "two bare fork loops"
	label["go.rate"] = "Go goroutines, channels"
	label["python_1.rate"] = "Python Pool, chunksize 1"
	label["python_1000.rate"] = "Python Pool, chunksize 1000"
	label["mce.rate"] = "Perl MCE, chunks of 1000"
}

FILENAME ~ /missing\.tsv$/ { split($0, part, "\t"); missing[part[1]] = part[2]; next }
FILENAME ~ /series\.txt$/ { split($0, part, "|"); needs[part[1]] = part[3]; next }
FILENAME ~ /rows\.txt$/ { row[++row_count] = $0; next }
{
	split($0, part, "\t")
	if (!(part[2] in unit))
		order[++figure_count] = part[2]
	unit[part[2]] = part[4]
	value[part[2], part[1]] = part[3]
	if (part[1] > rounds)
		rounds = part[1]
}

END {
	header = "row\twhat\tratio\trelation\tgoal\tmet\tlowest\thighest"
	print header "\tnumerator\tmedian\tdenominator\tmedian\tunit" >results
	format = "%-4s %-51s %10s %10s %8s %15s  %-8s %s\n"
	printf "\n" format, "row", "what", "ours", "beside", "ratio", "(by round)", "goal", ""
	for (k = 1; k <= row_count; k++) {
		split(row[k], part, "|")
		above = part[3]; below = part[4]
		if (!(above in unit) || !(below in unit)) {
			why = reason(above in unit ? below : above)
			printf "%-4s %-51s %s\n", part[1], part[2], why
			print part[1] "\t" part[2] "\t\t" part[5] "\t" part[6] "\t" why >results
			continue
		}
		n = 0
		for (r = 1; r <= rounds; r++)
			if ((above, r) in value && (below, r) in value)
				ratios[++n] = value[above, r] / value[below, r]
		sort_numbers(ratios, n)
		x = median(above); y = median(below); ratio = x / y
		met = (part[5] == ">=" ? ratio >= part[6] : ratio <= part[6]) ? "met" : "missed"
		printf format, part[1], part[2], scaled(x, unit[above]), scaled(y, unit[below]),
		    sprintf("%.3g", ratio), sprintf("(%.3g-%.3g)", ratios[1], ratios[n]),
		    part[5] " " part[6], met
		printf "%s\t%s\t%.4g\t%s\t%s\t%s\t%.4g\t%.4g\t%s\t%.6g\t%s\t%.6g\t%s\n", part[1],
		    part[2], ratio, part[5], part[6], met, ratios[1], ratios[n], above, x, below, y,
		    unit[above] >results
		how_far = part[5] == ">=" ? ratio / part[6] : part[6] / ratio
		printf "\"%s  %s\"\t%.4g\n", part[1], part[2], how_far >goals
	}
	printf "\nAll figures: median (lowest-highest)\n"
	for (k = 1; k <= figure_count; k++) {
		figure = order[k]
		n = 0
		for (r = 1; r <= rounds; r++)
			if ((figure, r) in value)
				list[++n] = value[figure, r]
		x = median_of(list, n)
		printf "%-24s %12s  (%s - %s)\n", figure, scaled(x, unit[figure]),
		    scaled(list[1], unit[figure]), scaled(list[n], unit[figure])
		if (index(plotted, " " figure " ")) {
			printf "%s\"%s\"\n", blocks++ ? "\n\n" : "", figure >by_round
			for (r = 1; r <= rounds; r++)
				if ((figure, r) in value)
					printf "%d\t%.4g\n", r, value[figure, r] / x >by_round
		}
		if (figure in label)
			printf "\"%s\"\t%.6g\t%.6g\t%.6g\n", label[figure], x, list[1], list[n] >throughput
	}
	close(results)
}
