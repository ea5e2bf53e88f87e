# SPDX-License-Identifier: BSD-2-Clause
# plots.gp - run in the directory of throughput.tsv, goals.tsv and rounds.tsv, each of which may be
# empty or absent where nothing of the kind was measured.
has(file) = int(system("test -s ".file." && echo 1 || echo 0"))
prepare = 'reset; \
	set terminal svg size 900,440 font "sans-serif,13" background rgb "white"; \
	set datafile separator "\t"; \
	set style fill solid 0.75 noborder'
ours = "#4477aa"
line = "#dddddd"

if (has("throughput.tsv")) {
	@prepare
	set output "throughput.svg"
	set title "No-op jobs a second, 8 bytes in and 8 out: median, lowest and highest round"
	set logscale y
	set format y "10^{%L}"
	set yrange [1000:*]
	set grid ytics lt 1 lc rgb line
	set xtics rotate by -20
	set boxwidth 0.6
	plot "throughput.tsv" using 0:2:3:4:(0.6):xtic(1) with boxerrorbars lc rgb ours notitle
}

if (has("goals.tsv")) {
	@prepare
	set output "goals.svg"
	set title offset -24, 0 "Ratio over goal, or goal over ratio where less is better: reached from 1 on"
	set logscale x
	set xrange [0.1:*]
	set yrange [*:*] reverse
	set ytics noenhanced
	set offsets graph 0, graph 0, 0.6, 0.6
	set grid xtics lt 1 lc rgb line
	set arrow from 1, graph 0 to 1, graph 1 nohead front lc rgb "#cc3311" lw 2
	plot "goals.tsv" using 2:0:(0.1):2:($0 - 0.3):($0 + 0.3):ytic(1) with boxxyerror \
	    lc rgb ours notitle
}

# How noisy the machine was.
if (has("rounds.tsv")) {
	@prepare
	set output "rounds.svg"
	set title "Each round's figure over the median of its series"
	set logscale y 2
	set grid ytics lt 1 lc rgb line
	set xlabel "round"
	set xtics 1
	set key outside right noenhanced
	stats "rounds.tsv" using 1 nooutput
	plot for [k = 0:STATS_blocks - 1] "rounds.tsv" index k using 1:2 with linespoints \
	    title columnheader(1)
}
