#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# The peer in Perl: MCE's chunked loop, each chunk's values gathered at once.
#
#	mce_pool.pl JOBS WORKERS CHUNK_SIZE
#
# The clock stops when the last value is in; the values are checked after that, so checking costs
# this peer nothing.
use strict;
use warnings;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);
use MCE::Loop;

my ($jobs, $workers, $chunk_size) = @ARGV;
my @numbers = (0 .. $jobs - 1);

MCE::Loop->init(max_workers => $workers, chunk_size => $chunk_size);

sub compute {
	my ($input) = @_;
	my @values = mce_loop {
		my ($mce, $chunk, $chunk_id) = @_;
		MCE->gather(map { 3 * $_ + 7 } @{$chunk});
	} $input;
	return \@values;
}

compute([0 .. int($jobs / 10)]);
my $start = clock_gettime(CLOCK_MONOTONIC);
my $values = compute(\@numbers);
my $elapsed = clock_gettime(CLOCK_MONOTONIC) - $start;
MCE::Loop->finish;

my $i = 0;
for my $value (sort { $a <=> $b } @{$values}) {
	die "mce_pool: a wrong value, or one is missing or came twice\n" if $value != 3 * $i + 7;
	$i++;
}
die "mce_pool: $i values of $jobs\n" if $i != $jobs;
printf "rate\t%.6g\tjobs/s\n", $jobs / $elapsed;
