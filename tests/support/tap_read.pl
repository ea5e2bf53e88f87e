#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# tap_read.pl FILE: what Perl's TAP::Parser makes of a TAP file: a line for each part of it, "N ok|not_ok [SKIP]
# DESCRIPTION", "  FIELD=VALUE" with newlines and backslashes as in C, "bail REASON" and "plan TEXT"; and last
# "good", or "bad" and why.
use strict;
use warnings;
use TAP::Parser;

my ($file) = @ARGV;
open my $in, '<', $file or die "$file: $!\n";
my $tap = do { local $/; <$in> };
$tap =~ s/\ATAP version 14\n/TAP version 13\n/ or die "$file: the first line is none of version 14\n";
my $parser = TAP::Parser->new({ tap => $tap });
while (my $part = $parser->next) {
	if ($part->is_test) {
		my $skip = $part->has_skip ? ' SKIP' : '';
		print $part->number, $part->is_ok && $part->is_actual_ok ? ' ok' : ' not_ok', $skip, ' ', $part->description,
		    $part->has_todo ? ' TODO' : '', "\n";
	} elsif ($part->is_yaml) {
		my $data = $part->data;
		for my $name (sort keys %$data) {
			my $value = $data->{$name};
			$value =~ s/\\/\\\\/g;
			$value =~ s/\n/\\n/g;
			print "  $name=$value\n";
		}
	} elsif ($part->is_bailout) {
		print 'bail ', $part->explanation, "\n";
	} elsif ($part->is_plan) {
		print 'plan ', $part->as_string, "\n";
	} elsif (!$part->is_version) {
		print 'other ', $part->type, ' ', $part->raw, "\n";
	}
}
my @errors = $parser->parse_errors;
print @errors ? "bad @errors\n" : "good\n";
